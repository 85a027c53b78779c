import { requireInteger } from "../../../protocol/errors.ts";
import type { BoottimeMs, Dbm } from "../../../protocol/units.ts";
import { AsyncQueue } from "../../../runtime/async-queue.ts";
import { type BeaconRx, type BeaconTx, MAX_ADVERTISEMENT_BYTES, type Sighting } from "../../ports/beacon.ts";
import type { DeviceStatus } from "../../ports/qr-scanner.ts";
import type { HeardMessage } from "./radio-messages.ts";
import type { RadioSupervisor } from "./radio-supervisor.ts";

/** Sightings that wait for a slow reader; later ones are dropped. */
const MAX_WAITING = 4_000;

/** The beacon of the radio process, as the kiosk holds it. */
export class ProcessBeacon implements BeaconTx {
  readonly #radio: RadioSupervisor;
  #closed = false;

  constructor(radio: RadioSupervisor) {
    this.#radio = radio;
  }

  async advertise(payload: Uint8Array): Promise<void> {
    requireInteger("advertisement bytes", payload.length, { min: 1, max: MAX_ADVERTISEMENT_BYTES });
    await this.#radio.advertise(payload.slice());
  }

  async stop(): Promise<void> {
    await this.#radio.silence();
  }

  status(): DeviceStatus {
    return this.#closed ? { present: false, reason: "the beacon was switched off" } : this.#radio.status.beacon;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#radio.silence();
  }
}

/** The ear of the radio process, as the kiosk holds it. */
export class ProcessObserver implements BeaconRx {
  readonly #radio: RadioSupervisor;
  readonly #boottime: () => BoottimeMs;
  #lastMs = 0;

  constructor(radio: RadioSupervisor, boottime: () => BoottimeMs) {
    this.#radio = radio;
    this.#boottime = boottime;
  }

  async *sightings(signal: AbortSignal): AsyncGenerator<Sighting> {
    if (signal.aborted) return;
    const waiting = new AsyncQueue<Sighting>();
    this.#radio.onHeard = (heard) => {
      const room = Math.max(0, MAX_WAITING - waiting.size);
      for (const one of heard.slice(0, room)) waiting.put(this.#sighting(one));
    };
    this.#radio.listen(true);
    try {
      for (;;) {
        const sighting = await waiting.take(signal);
        if (!sighting) return;
        yield sighting;
      }
    } finally {
      this.#radio.listen(false);
    }
  }

  status(): DeviceStatus {
    return this.#radio.status.observer;
  }

  #sighting({ address, isRandomAddress, payload, n, rssi, rssiMean, firstAgeMs, lastAgeMs }: HeardMessage): Sighting {
    const now = this.#boottime();
    // the channel between the processes delays one message more than the next; order stays
    this.#lastMs = Math.max(this.#lastMs, Math.round(now - firstAgeMs), 0);
    const boottimeMs = this.#lastMs as BoottimeMs;
    const lastMs = Math.max(boottimeMs, Math.round(now - lastAgeMs)) as BoottimeMs;
    return {
      address,
      isRandomAddress,
      payload,
      rssi: rssi as Dbm,
      at: { boottimeMs },
      ...(n > 1 && { folded: { n, rssiMean: rssiMean as Dbm, lastMs } }),
    };
  }
}
