import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type PolicyOf, pairVisits } from "../../../../engine/visits/pair-visits.ts";
import type { VenuePolicy } from "../../../../engine/visits/venue-policy.ts";
import { MAX_SLICE_MS, sliceVisit, type Visit, type VisitEvent } from "../../../../engine/visits/visit.ts";
import { EVIDENCE } from "../../../../protocol/checkin/record.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, SITE_UTC_OFFSET_MS } from "../../../../protocol/units.ts";
import { runs } from "../../../support/property-runs.ts";

/** Local midnight of 16 November 2026. */
const MIDNIGHT = Date.UTC(2026, 10, 16) - SITE_UTC_OFFSET_MS;
const at = (hour: number): number => MIDNIGHT + hour * HOUR_MS;
const [MARKET, HOTEL, OFFICE] = [1, 2, 3];
const SHOP: VenuePolicy = {
  defaultStayMs: HOUR_MS,
  maxStayMs: 16 * HOUR_MS,
  closingHour: null,
  assumedClosingHour: 22,
};
const POLICIES: Readonly<Record<number, VenuePolicy>> = {
  [MARKET]: SHOP,
  [HOTEL]: { defaultStayMs: 12 * HOUR_MS, maxStayMs: 21 * DAY_MS, closingHour: null, assumedClosingHour: null },
  [OFFICE]: { ...SHOP, closingHour: 18 },
};
const policyOf: PolicyOf = (venue) => POLICIES[venue] ?? SHOP;

function scan(kind: "in" | "out", hour: number, change: Partial<VisitEvent> = {}): VisitEvent {
  const base = { kind, venue: MARKET, gate: 1, evidence: EVIDENCE.indexOf("document"), party: 0 };
  return { ...base, earliest: at(hour) - 1_000, latest: at(hour) + 1_000, ...change };
}

const pair = (...events: readonly VisitEvent[]): readonly Visit[] =>
  [...pairVisits(events, policyOf)].sort((a, b) => a.outerFrom - b.outerFrom || a.venue - b.venue);

describe("pairVisits", () => {
  it("pairs an in with its out; what is certain lies between the latest in and the earliest out", () => {
    expect(pair(scan("in", 8, { gate: 1, party: 2 }), scan("out", 9, { gate: 2 }))).toEqual([
      {
        venue: MARKET,
        outerFrom: at(8) - 1_000,
        innerFrom: at(8) + 1_000,
        innerTo: at(9) - 1_000,
        outerTo: at(9) + 1_000,
        gateIn: 1,
        gateOut: 2,
        startEvidence: EVIDENCE.indexOf("document"),
        endEvidence: EVIDENCE.indexOf("document"),
        startReason: "explicit",
        endReason: "explicit",
        party: 2,
      },
    ]);
  });

  it("ends a forgotten check-out at the next check-in elsewhere", () => {
    const [first] = pair(scan("in", 8), scan("in", 13, { venue: OFFICE }), scan("out", 17, { venue: OFFICE }));
    expect(first).toMatchObject({ endReason: "next_venue", outerTo: at(13) + 1_000, gateOut: null });
  });

  it("claims nothing certain of a stay whose end was inferred", () => {
    const [only] = pair(scan("in", 8));
    expect(only?.innerTo).toBe(only?.innerFrom);
    expect(only?.endEvidence).toBe(EVIDENCE.indexOf("inferred"));
  });

  it("prefers the venue's own closing hour to the usual stay, and that to nothing", () => {
    expect(pair(scan("in", 9, { venue: OFFICE }))[0]).toMatchObject({ endReason: "closing_hour", outerTo: at(18) });
    expect(pair(scan("in", 9))[0]).toMatchObject({ endReason: "default_stay", outerTo: at(10) + 1_000 });
    expect(pair(scan("in", 21.5))[0]).toMatchObject({ endReason: "closing_hour", outerTo: at(22) });
  });

  it("does not let a stay run past the closing hour to a check-in of the next day", () => {
    const [first] = pair(scan("in", 9, { venue: OFFICE }), scan("in", 32));
    expect(first).toMatchObject({ endReason: "closing_hour", outerTo: at(18) });
  });

  it("keeps an explicit check-out although the person checked in elsewhere in between", () => {
    const visits = pair(
      scan("in", 8),
      scan("in", 9, { venue: OFFICE }),
      scan("out", 10, { venue: OFFICE }),
      scan("out", 11),
    );
    expect(visits.map(({ venue, endReason }) => [venue, endReason])).toEqual([
      [MARKET, "explicit"],
      [OFFICE, "explicit"],
    ]);
  });

  it("gives an out without an in the usual stay before it, not beyond the scan before", () => {
    expect(pair(scan("out", 12))[0]).toMatchObject({ startReason: "default_stay", outerFrom: at(11) - 1_000 });
    const [left] = pair(scan("in", 11, { venue: OFFICE }), scan("out", 11.6));
    expect(left).toMatchObject({ startReason: "previous_scan", outerFrom: at(11) - 1_000, startEvidence: 1 });
  });

  it("takes two ins within five minutes as one arrival, with the larger party", () => {
    const visits = pair(scan("in", 8, { party: 1 }), scan("in", 8.05, { gate: 2, party: 3 }), scan("out", 9));
    expect(visits).toMatchObject([{ outerFrom: at(8) - 1_000, party: 3, gateIn: 1 }]);
  });

  it("takes two outs within five minutes as one leaving, the later one", () => {
    const visits = pair(scan("in", 8), scan("out", 9), scan("out", 9.05));
    expect(visits).toMatchObject([{ outerTo: at(9.05) + 1_000, endReason: "explicit" }]);
  });

  it("keeps the bounds in order when two doors without the right time scan one passing", () => {
    const unsure = (hour: number) => ({ earliest: at(hour) - 10 * MINUTE_MS, latest: at(hour) + 10 * MINUTE_MS });
    const [late] = pair(scan("in", 8.95, unsure(8.95)), scan("out", 9), scan("out", 9.05));
    expect(late).toMatchObject({ innerFrom: at(8.95) + 10 * MINUTE_MS, innerTo: at(8.95) + 10 * MINUTE_MS });
    expect(late?.outerTo).toBe(late?.innerTo);
    expect(pair(scan("in", 8), scan("out", 9, unsure(9)), scan("out", 9.05))).toMatchObject([
      { innerTo: at(9) - 10 * MINUTE_MS, outerTo: at(9) + 10 * MINUTE_MS },
    ]);
    expect(pair(scan("in", 8), scan("in", 8.05, unsure(8.05)), scan("out", 9))).toMatchObject([
      { outerFrom: at(8.05) - 10 * MINUTE_MS, innerFrom: at(8) + 1_000 },
    ]);
  });

  it("begins a new visit at a second in, and ends the first no later than that", () => {
    const visits = pair(scan("in", 8), scan("in", 8.5), scan("out", 9));
    expect(visits).toMatchObject([
      { endReason: "next_scan", outerTo: at(8.5) + 1_000 },
      { endReason: "explicit", outerFrom: at(8.5) - 1_000 },
    ]);
  });

  it("does not join a check-out of another day to a forgotten one, save where people stay for days", () => {
    expect(pair(scan("in", 8), scan("out", 33)).map(({ endReason }) => endReason)).toEqual([
      "default_stay",
      "explicit",
    ]);
    expect(pair(scan("in", 8, { venue: HOTEL }), scan("out", 80, { venue: HOTEL }))).toHaveLength(1);
  });

  it("gives the same visits in whatever order the scans come", () => {
    const event = fc
      .record({
        kind: fc.constantFrom("in" as const, "out" as const),
        venue: fc.constantFrom(MARKET, HOTEL, OFFICE),
        minute: fc.oneof(fc.integer({ min: 0, max: 3 * 24 * 12 }), fc.integer({ min: 0, max: 4 })),
        doubt: fc.constantFrom(0, 1_000, 10 * MINUTE_MS),
        gate: fc.integer({ min: 1, max: 2 }),
        party: fc.integer({ min: 0, max: 2 }),
      })
      .map(({ minute, doubt, ...rest }) =>
        scan(rest.kind, minute / 12, { ...rest, earliest: at(minute / 12) - doubt, latest: at(minute / 12) + doubt }),
      );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 12 }), fc.nat(), (events, seed) => {
        const shuffled = events
          .map((one, i) => ({ one, key: Math.imul(i + 1, seed | 1) >>> 3 }))
          .sort((a, b) => a.key - b.key)
          .map(({ one }) => one);
        const text = (visits: readonly Visit[]): string[] => visits.map((visit) => JSON.stringify(visit)).sort();
        const visits = pair(...events);
        expect(text(pair(...shuffled))).toEqual(text(visits));
        for (const visit of visits) {
          expect(visit.innerFrom).toBeGreaterThanOrEqual(visit.outerFrom);
          expect(visit.innerTo).toBeGreaterThanOrEqual(visit.innerFrom);
          expect(visit.outerTo).toBeGreaterThanOrEqual(visit.innerTo);
        }
      }),
      { numRuns: runs(500) },
    );
  });
});

describe("sliceVisit", () => {
  it("cuts a long stay into slices of at most twelve hours that miss nothing", () => {
    const length = fc.integer({ min: 0, max: 21 * 24 * 60 });
    fc.assert(
      fc.property(length, fc.integer({ min: 0, max: 60 }), (minutes, doubt) => {
        const [visit] = pair(
          scan("in", 8, { venue: HOTEL, earliest: at(8), latest: at(8) + doubt * MINUTE_MS }),
          scan("out", 8 + minutes / 60 + 2, { venue: HOTEL }),
        );
        const slices = sliceVisit(visit!);
        expect(slices[0]?.outerFrom).toBe(visit?.outerFrom);
        expect(slices.at(-1)?.outerTo).toBe(visit?.outerTo);
        let certain = 0;
        for (const [i, slice] of slices.entries()) {
          expect(slice.outerTo - slice.outerFrom).toBeLessThanOrEqual(MAX_SLICE_MS);
          if (i > 0) expect(slice.outerFrom).toBe(slices[i - 1]?.outerTo);
          expect(slice.visitFrom).toBe(visit?.outerFrom);
          expect(slice.innerFrom).toBeGreaterThanOrEqual(slice.outerFrom);
          expect(slice.innerTo).toBeLessThanOrEqual(slice.outerTo);
          certain += slice.innerTo - slice.innerFrom;
        }
        expect(certain).toBe(visit!.innerTo - visit!.innerFrom);
      }),
    );
  });

  it("makes nothing certain of an inferred stay that is longer than a slice", () => {
    const [visit] = pair(scan("in", 1, { venue: HOTEL }), scan("in", 40));
    const slices = sliceVisit(visit!);
    expect(slices.length).toBeGreaterThan(1);
    expect(slices.every(({ innerFrom, innerTo }) => innerFrom === innerTo)).toBe(true);
  });
});
