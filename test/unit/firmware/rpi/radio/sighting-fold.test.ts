import { describe, expect, it } from "vitest";
import type { Sighting } from "../../../../../firmware/ports/beacon.ts";
import { parseFromRadio, parseToRadio } from "../../../../../firmware/rpi/radio/radio-messages.ts";
import { SightingFold } from "../../../../../firmware/rpi/radio/sighting-fold.ts";
import type { BoottimeMs, Dbm } from "../../../../../protocol/units.ts";

function sighting(change: {
  readonly ms: number;
  readonly rssi: number;
  readonly from?: number;
  readonly byte?: number;
}): Sighting {
  return {
    address: new Uint8Array(6).fill(change.from ?? 1),
    isRandomAddress: true,
    rssi: change.rssi as Dbm,
    at: { boottimeMs: change.ms as BoottimeMs },
    payload: Uint8Array.of(2, 1, change.byte ?? 6),
  };
}

describe("the fold of sightings", () => {
  it("makes one entry of one sender with one payload: strongest, mean, first and last", () => {
    const fold = new SightingFold();
    for (const [ms, rssi] of [
      [10, -70],
      [20, -60],
      [40, -65],
    ] as const)
      fold.add(sighting({ ms, rssi }));
    const [one, ...others] = fold.take(50);
    expect(others).toEqual([]);
    expect(one).toMatchObject({ n: 3, rssi: -60, rssiMean: -65, firstAgeMs: 40, lastAgeMs: 10 });
    expect(fold.take(60)).toEqual([]);
  });

  it("keeps senders and payloads apart", () => {
    const fold = new SightingFold();
    fold.add(sighting({ ms: 1, rssi: -70 }));
    fold.add(sighting({ ms: 2, rssi: -70, from: 2 }));
    fold.add(sighting({ ms: 3, rssi: -70, byte: 7 }));
    expect(fold.take(4).map(({ n }) => n)).toEqual([1, 1, 1]);
  });

  it("holds a bounded number of senders", () => {
    const fold = new SightingFold();
    for (let n = 0; n < 3_000; n += 1) {
      const one = sighting({ ms: n, rssi: -70 });
      fold.add({ ...one, address: Uint8Array.of(0, 0, 0, 0, n >> 8, n) });
    }
    const sightings = fold.take(3_000);
    expect(sightings).toHaveLength(2_000);
    expect(parseFromRadio({ kind: "heard", turn: 1, sightings })).not.toBeNull();
  });
});

describe("messages between kiosk and radio process", () => {
  it("are taken when they are of their form", () => {
    expect(parseToRadio({ kind: "advertise", id: 1, payload: Uint8Array.of(1) })).not.toBeNull();
    expect(parseFromRadio({ kind: "done", id: 1, lost: null })).not.toBeNull();
    expect(parseFromRadio({ kind: "missing", why: "no-adapter" })).not.toBeNull();
  });

  it.each([
    [null],
    ["advertise"],
    [{ kind: "advertise", id: 1, payload: new Uint8Array(32) }],
    [{ kind: "advertise", id: 1, payload: new Uint8Array(0) }],
    [{ kind: "advertise", id: -1, payload: Uint8Array.of(1) }],
    [{ kind: "listen", on: "yes" }],
  ])("are dropped when they are not: %j", (message) => {
    expect(parseToRadio(message)).toBeNull();
    expect(parseFromRadio(message)).toBeNull();
  });
});
