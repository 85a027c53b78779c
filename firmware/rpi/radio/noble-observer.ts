import type { BoottimeMs, Dbm } from "../../../protocol/units.ts";
import { AsyncQueue } from "../../../runtime/async-queue.ts";
import { every, type Timers } from "../../../runtime/timers.ts";
import { type BeaconRx, MAX_ADVERTISEMENT_BYTES, type Sighting } from "../../ports/beacon.ts";
import type { DeviceStatus } from "../../ports/qr-scanner.ts";
import {
  type AdvertisingReport,
  MISSING_RADIO,
  type MissingRadio,
  type NobleDriver,
  whyMissing,
  whyNotReady,
} from "./load-bluetooth.ts";

/** How often listening is switched on anew, milliseconds: noble does not notice when a controller forgot it. */
const REARM_MS = 10_000;
/** Sightings that wait for a slow reader; later ones are dropped. */
const MAX_WAITING = 2_000;
/** A report of what a sender answered when asked, not of what it advertises. */
const SCAN_RESPONSE = 4;

export interface NobleObserverDeps {
  readonly timers: Timers;
  readonly boottime: () => BoottimeMs;
  readonly rearmMs?: number;
}

/**
 * Hears by @abandonware/noble on a raw HCI socket.
 *
 * It takes the reports from below noble's table of peripherals: that table mixes what a sender says now with what it said before, holds
 * back the first report of each, cuts zeros off service numbers, and keeps every address for ever.
 */
export class NobleObserver implements BeaconRx {
  readonly #noble: NobleDriver;
  readonly #deps: NobleObserverDeps;
  #missing: MissingRadio | null = null;
  #waiting: AsyncQueue<Sighting> | null = null;

  constructor(noble: NobleDriver, deps: NobleObserverDeps) {
    this.#noble = noble;
    this.#deps = deps;
  }

  /** Takes hold of the adapter. @returns why it could not */
  open(): MissingRadio | null {
    const hci = this.#noble._bindings._hci;
    this.#noble.on("warning", () => undefined); // without a listener it prints addresses
    hci.removeAllListeners("leAdvertisingReport");
    hci.on("leAdvertisingReport", (...report) => this.#hear(report));
    try {
      void this.#noble.state; // opens the socket here, where a fault can be told
    } catch (fault) {
      this.#missing = whyMissing(fault);
      return this.#missing;
    }
    this.#noble.on("stateChange", () => {
      if (this.#waiting) this.#listen();
    });
    return null;
  }

  async *sightings(signal: AbortSignal): AsyncGenerator<Sighting> {
    if (signal.aborted) return;
    const waiting = new AsyncQueue<Sighting>();
    this.#waiting = waiting;
    this.#listen();
    const stopRearming = every(this.#deps.timers, this.#deps.rearmMs ?? REARM_MS, () => this.#listen());
    try {
      for (;;) {
        const sighting = await waiting.take(signal);
        if (!sighting) return;
        yield sighting;
      }
    } finally {
      stopRearming();
      if (this.#waiting === waiting) this.#rest();
    }
  }

  status(): DeviceStatus {
    if (this.#missing) return { present: false, reason: MISSING_RADIO[this.#missing] };
    const reason = whyNotReady(this.#noble.state);
    return reason === null ? { present: true } : { present: false, reason };
  }

  #listen(): void {
    if (this.#missing || this.#noble.state !== "poweredOn") return;
    // without duplicates a controller reports a sender once, and nobody could tell how long it stayed
    this.#quietly(() => this.#noble.startScanning([], true));
  }

  #rest(): void {
    this.#waiting = null;
    if (!this.#missing && this.#noble.state === "poweredOn") this.#quietly(() => this.#noble.stopScanning());
  }

  #quietly(act: () => void): void {
    try {
      act();
    } catch {
      // the adapter went away at this moment: the state follows, and listening with it
    }
  }

  #hear([, type, address, addressType, payload, rssi]: AdvertisingReport): void {
    if (!this.#waiting || type === SCAN_RESPONSE || this.#waiting.size >= MAX_WAITING) return;
    if (payload.length > MAX_ADVERTISEMENT_BYTES) return;
    this.#waiting.put({
      address: Uint8Array.from(Buffer.from(address.replaceAll(":", ""), "hex")),
      isRandomAddress: addressType === "random",
      rssi: rssi as Dbm,
      at: { boottimeMs: this.#deps.boottime() },
      payload: Uint8Array.from(payload),
    });
  }
}
