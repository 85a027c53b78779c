import type { BeaconTx } from "../../firmware/ports/beacon.ts";
import type { DeviceClock } from "../../firmware/ports/device-clock.ts";
import { encodeAdvertisement } from "../../protocol/beacon/advertisement.ts";
import { beaconId, ROTATION_MS, rotationInterval } from "../../protocol/beacon/rotating-id.ts";
import { equalBytes } from "../../protocol/bytes.ts";
import { publishedPeriodKey } from "../../protocol/checkin/visitor-tag.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import { BluepostError } from "../../protocol/errors.ts";
import type { Dbm } from "../../protocol/units.ts";
import { faultFields, type Logger } from "../../runtime/log.ts";
import { every, type Timers } from "../../runtime/timers.ts";
import type { CheckinLog } from "../ledger/checkin-log.ts";
import type { Counters } from "../scan/counters.ts";
import type { Neighbours } from "./neighbours.ts";

/** How often the controller is asked whether it still sends. */
const WATCH_MS = 10_000;
/** Wait before the next try when the controller refused, as it does while the radio process starts. */
const RETRY_MS = 2_000;
/** Refusals in a row after which it is said. */
const SAY_AT = 3;
/** How long one neighbour is told that it was heard, before the next one is. */
const ECHO_MS = 60_000;

export interface BeaconDutyDeps {
  readonly beacon: BeaconTx;
  readonly crypto: CryptoPort;
  readonly log: Pick<CheckinLog, "dayKeys">;
  readonly clock: DeviceClock;
  readonly timers: Timers;
  readonly neighbours: Neighbours;
  readonly txPower: Dbm | null;
  readonly counters: Counters;
  readonly logger: Logger;
}

/**
 * Keeps the beacon in the air: the identifier of now, from the same key as the venue code on the screen, changed every ten minutes and
 * with the day without falling silent; sent again when the controller says that it has stopped.
 *
 * Without a trusted clock it is silent: an identifier of a wrong time would match nobody, or the wrong one.
 */
export class BeaconDuty {
  readonly #deps: BeaconDutyDeps;
  #sent: Uint8Array | null = null;
  #echo: { readonly bytes: Uint8Array | null; readonly untilMs: number } = { bytes: null, untilMs: 0 };
  #turn: Promise<void> = Promise.resolve();
  #waiting = false;
  #refusals = 0;
  #stopWatching = (): void => {};
  #cancelNext = (): void => {};
  #closed = false;

  constructor(deps: BeaconDutyDeps) {
    this.#deps = deps;
  }

  /** What the controller says, and nothing kinder. */
  get controller(): "on" | "off" {
    return this.#sent && this.#deps.beacon.status().present ? "on" : "off";
  }

  async open(): Promise<void> {
    this.#stopWatching = every(this.#deps.timers, WATCH_MS, () => void this.refresh());
    await this.refresh();
  }

  async close(): Promise<void> {
    this.#stopWatching();
    this.#closed = true;
    this.#cancelNext();
    await this.#turn;
    await this.#deps.beacon.close();
  }

  /** Makes the air agree with clock, key and neighbours; does nothing when it does. Call it when a day has turned. */
  refresh(): Promise<void> {
    if (this.#waiting) return this.#turn; // the one that waits will see the same
    this.#waiting = true;
    this.#turn = this.#turn.then(() => {
      this.#waiting = false;
      return this.#agree().finally(() => this.#armNext());
    });
    return this.#turn;
  }

  async #agree(): Promise<void> {
    const { beacon } = this.#deps;
    const wanted = this.#payload();
    if (!wanted) {
      if (this.#sent) await beacon.stop();
      this.#sent = null;
      return;
    }
    const sends = beacon.status().present;
    if (sends && this.#sent && equalBytes(this.#sent, wanted)) return;
    const isAgain = this.#sent !== null && !sends;
    if ((await this.#advertise(wanted)) && isAgain) this.#deps.counters.add("beacon.readvertised");
  }

  /** @returns whether the controller took it */
  async #advertise(payload: Uint8Array): Promise<boolean> {
    const { beacon, logger } = this.#deps;
    try {
      await beacon.advertise(payload);
      this.#sent = payload;
      if (this.#refusals >= SAY_AT) logger.info("beacon.on", {});
      this.#refusals = 0;
      return true;
    } catch (fault) {
      if (!(fault instanceof BluepostError)) throw fault;
      this.#refusals += 1;
      if (this.#refusals === SAY_AT) logger.warn("beacon.off", faultFields(fault)); // said once; it is tried on
      return false;
    }
  }

  #payload(): Uint8Array | null {
    const { clock, crypto, log, neighbours, txPower } = this.#deps;
    const { state, wallMs, boottimeMs } = clock.now();
    if (state === "unsynced") return null;
    const key = publishedPeriodKey(crypto, log.dayKeys.periodKey);
    const id = beaconId(crypto, key, rotationInterval(wallMs));
    neighbours.own(id);
    if (boottimeMs >= this.#echo.untilMs) {
      const bytes = neighbours.echo(boottimeMs, crypto.randomBytes(1)[0] as number);
      this.#echo = { bytes, untilMs: bytes ? boottimeMs + ECHO_MS : 0 };
    }
    return encodeAdvertisement({ kind: "kiosk", id, txPower, echo: this.#echo.bytes });
  }

  /** The watch alone would be up to ten seconds late. */
  #armNext(): void {
    const { clock, timers } = this.#deps;
    this.#cancelNext();
    if (this.#closed) return;
    const leftMs = Math.ceil(ROTATION_MS - (clock.now().wallMs % ROTATION_MS));
    const waitMs = Math.max(1, this.#refusals > 0 ? Math.min(leftMs, RETRY_MS) : leftMs);
    this.#cancelNext = timers.after(waitMs, () => void this.refresh());
  }
}
