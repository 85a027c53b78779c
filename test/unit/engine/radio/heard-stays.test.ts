import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { foldStays, SAME_STAY_MS } from "../../../../engine/radio/heard-stays.ts";
import type { StoredSession } from "../../../../engine/store/presence.ts";
import { type Dbm, MINUTE_MS } from "../../../../protocol/units.ts";

const session = (id: number, minute: number, more: Partial<StoredSession> = {}): StoredSession => ({
  id,
  scheme: "gaen",
  ident: "00".repeat(16),
  venue: 1,
  gate: 1,
  earliest: minute * MINUTE_MS - 50,
  latest: minute * MINUTE_MS + 50,
  unknown: false,
  durationMs: 9 * MINUTE_MS,
  n: 10,
  rssiMax: -50 as Dbm,
  rssiMean: -60 as Dbm,
  txPower: null,
  metadata: null,
  person: null,
  ...more,
});

describe("foldStays", () => {
  it("joins identifiers that follow each other at one gate, with the signal of all of them", () => {
    const stays = foldStays([
      session(2, 10, { n: 30, rssiMean: -64 as Dbm, rssiMax: -45 as Dbm, txPower: 8 as Dbm, scheme: "token" }),
      session(1, 0),
      session(3, 60),
      session(4, 5, { gate: 2 }),
    ]);
    expect(stays.map(({ gate, n, rssiMax, rssiMean, txPower }) => [gate, n, rssiMax, rssiMean, txPower])).toEqual([
      [1, 40, -45, -63, 8],
      [2, 10, -50, -60, null],
      [1, 10, -50, -60, null],
    ]);
    expect(stays[0]).toMatchObject({ outerFrom: -50, outerTo: 19 * MINUTE_MS + 50, schemes: ["gaen", "token"] });
  });

  it("leaves what has no time alone", () => {
    const undated = { earliest: null, latest: null, unknown: true };
    const stays = foldStays([session(1, 0, undated), session(2, 0, undated), session(3, 1)]);
    expect(stays.map(({ unknown, heardMs }) => [unknown, heardMs])).toEqual([
      [true, 9 * MINUTE_MS],
      [true, 9 * MINUTE_MS],
      [false, 9 * MINUTE_MS],
    ]);
  });

  it.each([0, 5, 14])("measures a silence by its length, whatever the doubt about the clock: %i minutes", (doubt) => {
    const heard = (id: number, minute: number): StoredSession =>
      session(id, minute, { earliest: (minute - doubt) * MINUTE_MS, latest: (minute + doubt) * MINUTE_MS });
    expect(foldStays([heard(1, 0), heard(2, 9 + 20)])).toHaveLength(1);
    expect(foldStays([heard(1, 0), heard(2, 9 + 21)])).toHaveLength(2);
  });

  it("loses no sighting, and claims no time in which nothing was heard for long", () => {
    const any = fc.record({ minute: fc.nat(300), gate: fc.nat(1), n: fc.integer({ min: 1, max: 9 }) });
    fc.assert(
      fc.property(fc.array(any, { maxLength: 20 }), (drawn) => {
        const sessions = drawn.map(({ minute, ...more }, at) => session(at + 1, minute, more));
        const stays = foldStays(sessions);
        const sum = (all: readonly { readonly n: number }[]): number => all.reduce((total, { n }) => total + n, 0);
        expect(sum(stays)).toBe(sum(sessions));
        for (const stay of stays) {
          const own = sessions.filter(({ gate, earliest }) => gate === stay.gate && (earliest ?? 0) >= stay.outerFrom);
          const ends = own.map(({ earliest }) => earliest ?? 0).filter((start) => start <= stay.outerTo);
          const gaps = [...ends].sort((a, b) => a - b).map((start, at, all) => start - (all[at - 1] ?? start));
          expect(Math.max(0, ...gaps)).toBeLessThanOrEqual(SAME_STAY_MS + 9 * MINUTE_MS);
          expect(stay.innerTo).toBeGreaterThanOrEqual(stay.innerFrom);
        }
      }),
    );
  });
});
