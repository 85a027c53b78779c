import { hostname } from "node:os";
import type { FastifyInstance } from "fastify";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import { pageRoot } from "../../runtime/package-paths.ts";
import type { Identity } from "../../runtime/pki/authority.ts";
import { systemTimers } from "../../runtime/timers.ts";
import { addFleetPage } from "./fleet-page.ts";
import { Operators } from "./operators.ts";
import { fingerprintOf, openPageCertificate } from "./page-certificate.ts";
import type { FleetPageDeps } from "./page-context.ts";

export type FleetFrontDeps = Omit<FleetPageDeps, "operators" | "crypto" | "timers" | "webRoot"> & {
  readonly site: string;
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
    this.operators = new Operators({ store, crypto: nodeCrypto, nowMs: deps.nowMs, site: deps.site });
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
    await addFleetPage(app, { ...this.#deps, operators, crypto: nodeCrypto, timers: systemTimers, webRoot });
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
}
