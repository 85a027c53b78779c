import { equalBytes, toHex, utf8 } from "../../protocol/bytes.ts";
import { decodeSignedTime, TIME_NONCE_BYTES } from "../../protocol/checkin/signed-time.ts";
import { type CoseKey, parseCose1, verifyCose1 } from "../../protocol/cose.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import { BluepostError } from "../../protocol/errors.ts";
import type { BoottimeMs, WallMs } from "../../protocol/units.ts";
import { faultFields, type Logger } from "../../runtime/log.ts";
import type { UplinkTransport } from "../uplink/transport.ts";

/** A true pair of boot time and wall clock, found by a sync. */
export interface TimeFix {
  readonly boottimeMs: BoottimeMs;
  readonly wallMs: WallMs;
  readonly uncertaintyMs: number;
}

export interface TimeSyncDeps {
  readonly crypto: CryptoPort;
  readonly transport: UplinkTransport;
  readonly gatewayKey: CoseKey;
  readonly boottime: () => BoottimeMs;
  readonly found: (fix: TimeFix) => Promise<void>;
  readonly logger: Logger;
}

/** An answer that took longer than this is too blurred to be worth an anchor, milliseconds. */
const MAX_ROUND_TRIP_MS = 10_000;

/** Asks the gateway for signed time; an answer counts only for the question that is open. Source: Cristian's algorithm, 1989. */
export class TimeSync {
  readonly #deps: TimeSyncDeps;
  #open: { readonly nonce: Uint8Array; readonly sentMs: BoottimeMs } | null = null;
  #waiting: ((roundTripMs: number) => void)[] = [];

  constructor(deps: TimeSyncDeps) {
    this.#deps = deps;
  }

  /** Sends a question; an older one that is still open is given up. */
  async ask(): Promise<void> {
    const nonce = this.#deps.crypto.randomBytes(TIME_NONCE_BYTES);
    this.#open = { nonce, sentMs: this.#deps.boottime() };
    try {
      await this.#deps.transport.publish("time-request", utf8(JSON.stringify({ nonce: toHex(nonce) })), { qos: 0 });
    } catch (fault) {
      if (!(fault instanceof BluepostError)) throw fault;
      this.#open = null; // offline: the next connection asks again
    }
  }

  /** Asks, and resolves with the milliseconds until the next sound answer was taken; never, when none comes. */
  async measure(): Promise<number> {
    const answered = new Promise<number>((resolve) => this.#waiting.push(resolve));
    await this.ask();
    return answered;
  }

  /** Takes an answer; one that is forged, late or to another question changes nothing. */
  async answer(bytes: Uint8Array): Promise<void> {
    const receivedMs = this.#deps.boottime();
    const open = this.#open;
    if (!open) return;
    try {
      const message = parseCose1(bytes);
      const time = decodeSignedTime(message.payload);
      if (!equalBytes(time.nonce, open.nonce)) return;
      await verifyCose1(message, this.#deps.gatewayKey);
      this.#open = null;
      const roundTripMs = receivedMs - open.sentMs;
      if (roundTripMs > MAX_ROUND_TRIP_MS) return;
      const halfMs = Math.ceil(roundTripMs / 2);
      await this.#deps.found({
        boottimeMs: receivedMs,
        wallMs: (time.timeMs + halfMs) as WallMs,
        uncertaintyMs: time.uncertaintyMs + halfMs + 1,
      });
      for (const resolve of this.#waiting.splice(0)) resolve(roundTripMs);
    } catch (fault) {
      if (!(fault instanceof BluepostError)) throw fault;
      this.#deps.logger.warn("time.refused", faultFields(fault));
    }
  }
}
