import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SAME_STAY_MS } from "../../../../engine/radio/heard-stays.ts";
import { type HeardSession, radioVisits } from "../../../../engine/visits/radio-visits.ts";
import { MINUTE_MS } from "../../../../protocol/units.ts";

const session = (minute: number, more: Partial<HeardSession> = {}): HeardSession => ({
  venue: 1,
  gate: 1,
  earliest: minute * MINUTE_MS - 10,
  latest: minute * MINUTE_MS + 10,
  durationMs: 5 * MINUTE_MS,
  ...more,
});

describe("radioVisits", () => {
  it("joins sessions at one venue over its gates, and parts them at a long silence", () => {
    const visits = radioVisits([session(0), session(20, { gate: 2 }), session(60), session(3, { venue: 2 })]);
    expect(
      visits.map(({ venue, outerFrom, outerTo, gateIn, gateOut }) => [venue, outerFrom, outerTo, gateIn, gateOut]),
    ).toEqual([
      [1, -10, 25 * MINUTE_MS + 10, 1, 2],
      [1, 60 * MINUTE_MS - 10, 65 * MINUTE_MS + 10, 1, 1],
      [2, 3 * MINUTE_MS - 10, 8 * MINUTE_MS + 10, 1, 1],
    ]);
  });

  it.each([0, 5, 14])("parts them at a silence of more than 20 minutes, whatever the doubt: %i minutes", (doubt) => {
    const heard = (minute: number): HeardSession =>
      session(minute, { earliest: (minute - doubt) * MINUTE_MS, latest: (minute + doubt) * MINUTE_MS });
    expect(radioVisits([heard(0), heard(5 + 20)])).toHaveLength(1);
    expect(radioVisits([heard(0), heard(5 + 21)])).toHaveLength(2);
  });

  it("is certain of no more than lies between the first and the last sighting", () => {
    const [visit] = radioVisits([session(0, { earliest: 0, latest: MINUTE_MS, durationMs: MINUTE_MS / 2 })]);
    expect([visit?.innerFrom, visit?.innerTo]).toEqual([MINUTE_MS, MINUTE_MS]);
  });

  it("depends on the set of sessions and not on their order", () => {
    const any = fc.record({
      venue: fc.integer({ min: 1, max: 2 }),
      gate: fc.integer({ min: 0, max: 2 }),
      earliest: fc.integer({ min: 0, max: 6 * SAME_STAY_MS }),
      doubt: fc.integer({ min: 0, max: 100 }),
      durationMs: fc.integer({ min: 0, max: SAME_STAY_MS }),
    });
    const sessions = fc.array(
      any.map(({ doubt, ...one }) => ({ ...one, latest: one.earliest + doubt })),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(sessions, fc.integer(), (all, salt) => {
        const shuffled = [...all].sort((a, b) => ((a.earliest * 31 + salt) % 17) - ((b.earliest * 31 + salt) % 17));
        expect(radioVisits(shuffled)).toEqual(radioVisits(all));
        for (const visit of radioVisits(all)) {
          expect(visit.innerFrom).toBeLessThanOrEqual(visit.innerTo);
          expect(visit.outerTo).toBeGreaterThanOrEqual(visit.innerTo);
        }
      }),
    );
  });
});
