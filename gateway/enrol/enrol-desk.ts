import type { CryptoPort } from "../../protocol/crypto-port.ts";
import type { AuthorityAnswer } from "../../protocol/http/enrolment.ts";
import { MINUTE_MS, type WallMs } from "../../protocol/units.ts";
import { faultFields, type Logger } from "../../runtime/log.ts";
import { every, type Timers } from "../../runtime/timers.ts";
import type { LiveIdentity } from "../registry/live-identity.ts";
import type { SiteRegistry } from "../registry/site-registry.ts";
import { type EnrolServer, startEnrolServer } from "./enrol-server.ts";
import { Enrolment, type GatewayPorts } from "./enrolment.ts";
import { Renewal } from "./renewal.ts";

export interface EnrolDeskDeps {
  readonly crypto: CryptoPort;
  readonly identity: LiveIdentity;
  readonly registry: SiteRegistry;
  readonly host: string;
  /** Port of HTTPS; 0 takes any free one. */
  readonly port: number;
  /** The other ports that kiosks are told of. */
  readonly ports: () => Omit<GatewayPorts, "enrol">;
  /** Told when this gateway has a new certificate of its own. */
  readonly renewed: () => void;
  readonly now: () => WallMs;
  readonly timers: Timers;
  readonly log: Logger;
}

/** Everything about papers: enrolment and renewal of kiosks, and the gateway's own certificate. */
export class EnrolDesk {
  readonly #deps: EnrolDeskDeps;
  readonly #enrolment: Enrolment;
  readonly #renewal: Renewal;
  #server: EnrolServer | null = null;
  #stop = (): void => {};

  private constructor(deps: EnrolDeskDeps) {
    const { crypto, identity, registry, now } = deps;
    this.#deps = deps;
    const ports = (): GatewayPorts => ({ ...deps.ports(), enrol: this.port });
    this.#enrolment = new Enrolment({ crypto, identity, claims: registry.claims, ports, now });
    this.#renewal = new Renewal({ crypto, identity, registry, now });
  }

  /** Starts to serve, and to look after the gateway's own certificate each minute: the clock may step, and nobody gets in until then. */
  static async open(deps: EnrolDeskDeps): Promise<EnrolDesk> {
    const desk = new EnrolDesk(deps);
    const { identity, host, port, now, log, timers } = deps;
    const parts = { enrolment: desk.#enrolment, renewal: desk.#renewal, identity, host, port, nowMs: now, log };
    desk.#server = await startEnrolServer(parts);
    desk.#stop = every(timers, MINUTE_MS, () => void desk.renewOwn());
    return desk;
  }

  /** Port of HTTPS. */
  get port(): number {
    return this.#server?.port ?? 0;
  }

  /** Who this gateway is, for a kiosk that holds the pin. */
  authority(): AuthorityAnswer {
    return this.#enrolment.authority();
  }

  /** Renews the gateway's own certificate when it is due. */
  async renewOwn(): Promise<void> {
    const { identity, now, log, renewed } = this.#deps;
    try {
      if (!(await identity.renewIfDue(now()))) return;
      this.#server?.useCertificate(identity);
      renewed();
      log.info("gateway.renewed", {});
    } catch (fault) {
      log.error("gateway.renewal_failed", faultFields(fault));
    }
  }

  async close(): Promise<void> {
    this.#stop();
    await this.#server?.close();
  }
}
