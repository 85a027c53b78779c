import { toHex } from "../../../protocol/bytes.ts";
import type { Sighting } from "../../ports/beacon.ts";
import type { HeardMessage } from "./radio-messages.ts";

/** Senders that one message tells of; more are dropped until the next. */
const MAX_SENDERS = 2_000;

interface Sum {
  readonly first: Sighting;
  n: number;
  rssiMax: number;
  rssiSum: number;
  lastMs: number;
}

/** Folds what is heard between two messages: one entry for one sender with one payload. */
export class SightingFold {
  #sums = new Map<string, Sum>();

  add(sighting: Sighting): void {
    const { address, payload, rssi } = sighting;
    const key = `${toHex(address)}/${toHex(payload)}`;
    const sum = this.#sums.get(key);
    if (sum) {
      sum.n += 1;
      sum.rssiMax = Math.max(sum.rssiMax, rssi);
      sum.rssiSum += rssi;
      sum.lastMs = sighting.at.boottimeMs;
    } else if (this.#sums.size < MAX_SENDERS) {
      this.#sums.set(key, { first: sighting, n: 1, rssiMax: rssi, rssiSum: rssi, lastMs: sighting.at.boottimeMs });
    }
  }

  /** Everything since the last call, in order of first hearing. @param nowMs of the clock that stamped the sightings */
  take(nowMs: number): HeardMessage[] {
    const sums = this.#sums;
    this.#sums = new Map();
    return [...sums.values()].map(({ first, n, rssiMax, rssiSum, lastMs }) => ({
      address: first.address,
      isRandomAddress: first.isRandomAddress,
      payload: first.payload,
      n,
      rssi: rssiMax,
      rssiMean: Math.round(rssiSum / n),
      firstAgeMs: Math.max(0, nowMs - first.at.boottimeMs),
      lastAgeMs: Math.max(0, nowMs - lastMs),
    }));
  }
}
