import type { DeviceClock } from "../../firmware/ports/device-clock.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import { BluepostError } from "../../protocol/errors.ts";
import { RENEW_BEFORE_MS } from "../../protocol/http/renewal.ts";
import { MINUTE_MS, type WallMs } from "../../protocol/units.ts";
import { faultFields, type Logger } from "../../runtime/log.ts";
import { every, type Timers } from "../../runtime/timers.ts";
import type { DeviceBundle } from "./bundle.ts";
import { askTime, bringClock, findGateway, type GatewayPin, Refused, type SetClock } from "./gateway-link.ts";
import { endsAt, keepCertificate, pinOf, renewAt } from "./renew.ts";

export interface PaperKeeperDeps {
  readonly crypto: CryptoPort;
  readonly bundle: DeviceBundle;
  /** Where the bundle stands. */
  readonly folder: string;
  readonly clock: DeviceClock;
  /** Whether the session with the gateway is up. */
  readonly online: () => boolean;
  readonly systemWall: () => WallMs;
  readonly setClock: SetClock;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Told of a new certificate chain, PEM; it is on the disk already. */
  readonly renewed: (certificatePem: string) => void;
}

/** How often the papers are looked at; asking the gateway costs nothing while they are good and the session is up. */
const LOOK_EVERY_MS = MINUTE_MS;
/** Looks without asking for a certificate, after the gateway's would have lasted no longer than the one that is here. */
const REST_LOOKS = 60;

/**
 * Keeps a kiosk able to reach its gateway: sets a system clock that is too wrong for TLS, and renews the certificate when 30 days are
 * left, or after it ran out. Nothing here can be needed for a check-in.
 */
export class PaperKeeper {
  readonly #deps: PaperKeeperDeps;
  readonly #pin: GatewayPin | null;
  readonly #over = new AbortController();
  #certificatePem: string;
  #told = "";
  #restLooks = 0;
  #looking: Promise<void> = Promise.resolve();
  #stop = (): void => {};

  constructor(deps: PaperKeeperDeps) {
    this.#deps = deps;
    this.#certificatePem = deps.bundle.tls.cert;
    const pin = pinOf(deps.bundle);
    this.#pin = pin && { ...pin, signal: this.#over.signal };
  }

  /** The certificate in use, and the site's, PEM. */
  get certificatePem(): string {
    return this.#certificatePem;
  }

  open(): void {
    if (!this.#pin) return;
    this.#stop = every(this.#deps.timers, LOOK_EVERY_MS, () => void this.look());
    void this.look();
  }

  async close(): Promise<void> {
    this.#stop();
    this.#over.abort();
    await this.#looking;
  }

  /** Looks at clock and certificate, one look at a time. Never throws: the next look is the answer to any fault. */
  look(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#tend()).catch((fault: unknown) => this.#tell(fault));
    return this.#looking;
  }

  async #tend(): Promise<void> {
    const { clock, online, systemWall, crypto } = this.#deps;
    const pin = this.#pin;
    if (!pin || this.#over.signal.aborted) return;
    this.#restLooks = Math.max(0, this.#restLooks - 1);
    const { state, wallMs } = clock.now();
    const believedMs = state === "unsynced" ? systemWall() : wallMs;
    if (online() && !this.#isDue(believedMs)) return;
    const gateway = await findGateway(pin);
    const trueMs = await askTime(gateway, crypto);
    await bringClock(trueMs, this.#deps);
    if (!this.#isDue(trueMs)) return;
    const renewed = await renewAt(gateway, { ...this.#deps.bundle });
    if (endsAt(renewed) <= endsAt(this.#certificatePem)) {
      this.#restLooks = REST_LOOKS; // the site's own certificate is about to end, and no other lasts longer
      throw new Refused("not_longer");
    }
    await keepCertificate(this.#deps.folder, renewed);
    this.#certificatePem = renewed;
    this.#deps.logger.info("certificate.renewed", { endsMs: endsAt(renewed) });
    this.#deps.renewed(renewed);
  }

  #isDue(nowMs: WallMs): boolean {
    return this.#restLooks === 0 && endsAt(this.#certificatePem) - nowMs <= RENEW_BEFORE_MS;
  }

  /** Says each reason once, until another takes its place. */
  #tell(fault: unknown): void {
    if (this.#over.signal.aborted) return;
    const reason = reasonOf(fault);
    if (reason === this.#told) return;
    this.#told = reason;
    this.#deps.logger.warn("certificate.not_renewed", { reason, ...faultFields(fault) });
  }
}

function reasonOf(fault: unknown): string {
  if (fault instanceof Refused) return fault.reason;
  return fault instanceof BluepostError ? fault.code : "fault";
}
