import { hostname, networkInterfaces } from "node:os";
import type { FastifyInstance } from "fastify";
import type { SetupCodeRequest } from "../../protocol/http/fleet-page.ts";
import type { SetupCodeAnswer } from "../../protocol/http/fleet-view.ts";
import { parseDeviceId, parseVenueId } from "../../protocol/ids.ts";
import type { WallMs } from "../../protocol/units.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import { pageRoot } from "../../runtime/package-paths.ts";
import type { Identity } from "../../runtime/pki/authority.ts";
import { systemTimers } from "../../runtime/timers.ts";
import { makeClaim } from "../enrol/setup-codes.ts";
import type { GatewayIdentity } from "../registry/identity.ts";
import { DeviceExistsError } from "../registry/site-registry.ts";
import { addFleetPage } from "./fleet-page.ts";
import { Operators } from "./operators.ts";
import { fingerprintOf, openPageCertificate } from "./page-certificate.ts";
import type { FleetPageDeps } from "./page-context.ts";

export type FleetFrontDeps = Omit<FleetPageDeps, "operators" | "crypto" | "timers" | "webRoot" | "setupCode"> & {
  readonly identity: GatewayIdentity;
  /** Port of the plain HTTP that setup codes name; asked when one is made. */
  readonly httpPort: () => number;
};

/** The fleet page as a process serves it: with its own certificate, and a code on the console while it has no operator. */
export class FleetFront {
  readonly operators: Operators;
  readonly #deps: FleetFrontDeps;
  readonly #identity: Identity;

  private constructor(deps: FleetFrontDeps, identity: Identity) {
    this.#deps = deps;
    this.#identity = identity;
    const { store } = deps.gateway.fleet;
    this.operators = new Operators({ store, crypto: nodeCrypto, nowMs: deps.nowMs, site: deps.identity.site });
  }

  static async open(deps: FleetFrontDeps): Promise<FleetFront> {
    return new FleetFront(deps, await openPageCertificate(deps.dataDir, deps.nowMs()));
  }

  get tls(): { readonly cert: string; readonly key: string } {
    return { cert: this.#identity.certificatePem, key: this.#identity.privateKeyPem };
  }

  async add(app: FastifyInstance): Promise<void> {
    const { operators } = this;
    const webRoot = pageRoot("gateway");
    const setupCode = (door: SetupCodeRequest): Promise<SetupCodeAnswer> => this.#setupCode(door);
    await addFleetPage(app, { ...this.#deps, operators, setupCode, crypto: nodeCrypto, timers: systemTimers, webRoot });
  }

  /** What the console shows at start: where the page is, and the code for the first operator while there is none. */
  async welcome(port: number): Promise<readonly string[]> {
    const lines = [
      `Fleet page: https://${hostname()}:${port}/ (on this machine also http://127.0.0.1:${port}/)`,
      `Its certificate, SHA-256: ${fingerprintOf(this.#identity.certificatePem)}`,
    ];
    if ((await this.operators.list()).length > 0) return lines;
    return [
      ...lines,
      `Nobody may log in yet. Code for the first operator, for one day: ${await this.operators.newCode()}`,
    ];
  }

  /** @throws {DeviceExistsError} GW_DEVICE_EXISTS, {MalformedError} PROTO_MALFORMED for a venue that is none */
  async #setupCode({ venue, venueName, gate, device }: SetupCodeRequest): Promise<SetupCodeAnswer> {
    const { identity, registry, nowMs } = this.#deps;
    const named = device === undefined ? null : parseDeviceId(device);
    if (named !== null && (await registry.find(named)))
      throw new DeviceExistsError("a device of this name exists", { device: named });
    const parts = { crypto: nodeCrypto, identity, claims: registry.claims };
    const place = { device: named, venue: parseVenueId(venue), venueName: venueName.trim(), gate };
    const at = { host: ownAddress(), httpPort: this.#deps.httpPort() };
    const { code, expiresAt } = await makeClaim(parts, { ...place, ...at }, nowMs() as WallMs);
    return { code, expiresMs: expiresAt };
  }
}

/** An address of this machine in its network; the loopback one when it has no network. */
function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.find(({ family, internal }) => family === "IPv4" && !internal)?.address ?? "127.0.0.1";
}
