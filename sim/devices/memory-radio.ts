import {
  type BeaconRx,
  type BeaconTx,
  MAX_ADVERTISEMENT_BYTES,
  RadioLostError,
  type Sighting,
} from "../../firmware/ports/beacon.ts";
import type { DeviceStatus } from "../../firmware/ports/qr-scanner.ts";
import { requireInteger } from "../../protocol/errors.ts";
import type { BoottimeMs, Dbm } from "../../protocol/units.ts";
import { AsyncQueue } from "../../runtime/async-queue.ts";
import type { Timers } from "../../runtime/timers.ts";

const GONE: DeviceStatus = { present: false, reason: "the radio was taken away" };

/** A beacon without a radio: what it sends can be looked at. */
export class MemoryBeaconTx implements BeaconTx {
  #payload: Uint8Array | null = null;
  #plugged = true;
  #closed = false;
  /** Calls of `advertise` that were obeyed. */
  advertised = 0;

  /** What is in the air now; null when silent. */
  get onAir(): Uint8Array | null {
    return this.#payload;
  }

  async advertise(payload: Uint8Array): Promise<void> {
    requireInteger("advertisement bytes", payload.length, { min: 1, max: MAX_ADVERTISEMENT_BYTES });
    if (!this.#plugged || this.#closed) throw new RadioLostError("the radio was taken away");
    this.#payload = payload.slice();
    this.advertised += 1;
  }

  async stop(): Promise<void> {
    this.#payload = null;
  }

  status(): DeviceStatus {
    if (!this.#plugged || this.#closed) return GONE;
    return this.#payload ? { present: true } : { present: false, reason: "nothing is advertised" };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#payload = null;
  }

  /** The controller forgets what it did, as after a reset that somebody else asked for. */
  silence(): void {
    this.#payload = null;
  }

  unplug(): void {
    this.#plugged = false;
    this.#payload = null;
  }

  plug(): void {
    this.#plugged = true;
  }
}

/** An ear without a radio: it hears what it is told, while somebody listens. */
export class MemoryBeaconRx implements BeaconRx {
  readonly #boottime: () => BoottimeMs;
  #waiting: AsyncQueue<Sighting> | null = null;
  #plugged = true;
  #listenersChanged = (_listening: boolean): void => {};

  constructor(boottime: () => BoottimeMs) {
    this.#boottime = boottime;
  }

  get listening(): boolean {
    return this.#waiting !== null && this.#plugged;
  }

  async *sightings(signal: AbortSignal): AsyncGenerator<Sighting> {
    const waiting = new AsyncQueue<Sighting>();
    this.#waiting = waiting;
    this.#listenersChanged(true);
    try {
      while (!signal.aborted) {
        const sighting = await waiting.take(signal);
        if (sighting) yield sighting;
      }
    } finally {
      if (this.#waiting === waiting) this.#waiting = null;
      this.#listenersChanged(false);
    }
  }

  status(): DeviceStatus {
    return this.#plugged ? { present: true } : GONE;
  }

  /** Lets it hear something now; nothing happens while nobody listens. Several events of the last seconds may come as one. */
  hear(heard: {
    readonly payload: Uint8Array;
    readonly rssi: Dbm;
    readonly address?: Uint8Array;
    readonly n?: number;
    readonly lastedMs?: number;
  }): void {
    if (!this.listening) return;
    const { payload, rssi, address = new Uint8Array(6), n = 1, lastedMs = 0 } = heard;
    const lastMs = this.#boottime();
    this.#waiting?.put({
      address: address.slice(),
      isRandomAddress: true,
      rssi,
      payload: payload.slice(),
      at: { boottimeMs: Math.max(0, lastMs - lastedMs) as BoottimeMs },
      ...(n > 1 && { folded: { n, rssiMean: rssi, lastMs } }),
    });
  }

  /** Tells whether somebody listens, now and when that changes; one is told at a time. */
  onListening(told: (listening: boolean) => void): void {
    this.#listenersChanged = told;
    told(this.#waiting !== null);
  }

  unplug(): void {
    this.#plugged = false;
  }

  plug(): void {
    this.#plugged = true;
  }
}

/** Something in a {@link MemoryAir} that may send: a kiosk's beacon, a token, a phone. */
export interface MemorySender {
  /** Complete advertising data at this instant; null when silent. */
  readonly onAir: Uint8Array | null;
  /** 6 bytes; zeros when absent. */
  readonly address?: Uint8Array;
}

export interface MemoryAirOptions {
  readonly timers: Timers;
  /** Signal of a sender at an ear, whole dBm, now; null when it cannot be heard. */
  readonly path: (sender: MemorySender, ear: MemoryBeaconRx) => Dbm | null;
  /** Who could be heard at this ear now; the fewer, the less there is to do. */
  readonly senders: (ear: MemoryBeaconRx) => Iterable<MemorySender>;
  /** Time that one sighting stands for, milliseconds; default: ten seconds. */
  readonly stepMs?: number;
  /** Advertisements a second that a sender is heard by; default: 2 of the 10 that it sends. */
  readonly heardPerSecond?: number;
}

/** When a fresh window of listening is first looked at, milliseconds: within the five seconds that a shared radio listens. */
const FIRST_LOOK_MS = 2_000;
const STEP_MS = 10_000;
const HEARD_PER_SECOND = 2;

/**
 * The air between beacons, tokens and ears, folded to a sighting a step: the twin of radios at the port, for days in virtual time. Where
 * everybody stands and what walls do is the caller's, in `path`.
 */
export class MemoryAir {
  readonly #options: MemoryAirOptions;

  constructor(options: MemoryAirOptions) {
    this.#options = options;
  }

  /** Lets an ear hear this air whenever somebody listens by it. */
  join(ear: MemoryBeaconRx): void {
    const { timers, stepMs = STEP_MS } = this.#options;
    let cancel = (): void => {};
    const look = (lastedMs: number): void => {
      this.#sound(ear, lastedMs);
      cancel = timers.after(stepMs, () => look(stepMs));
    };
    ear.onListening((listening) => {
      cancel();
      cancel = (): void => {};
      if (listening) cancel = timers.after(FIRST_LOOK_MS, () => look(FIRST_LOOK_MS));
    });
  }

  #sound(ear: MemoryBeaconRx, lastedMs: number): void {
    const { senders, path, heardPerSecond = HEARD_PER_SECOND } = this.#options;
    const n = Math.max(1, Math.round((lastedMs / 1_000) * heardPerSecond));
    for (const sender of senders(ear)) {
      const payload = sender.onAir;
      const rssi = payload && path(sender, ear);
      const address = sender.address && { address: sender.address };
      if (payload && rssi !== null) ear.hear({ payload, rssi, n, lastedMs: lastedMs - 1, ...address });
    }
  }
}
