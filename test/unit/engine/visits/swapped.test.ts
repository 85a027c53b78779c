import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { coveredMs, shared } from "../../../../engine/match/overlap.ts";
import { doubtVisits } from "../../../../engine/visits/doubt-visits.ts";
import { pairVisits } from "../../../../engine/visits/pair-visits.ts";
import type { VenuePolicy } from "../../../../engine/visits/venue-policy.ts";
import { VISIT_EVIDENCE, type VisitEvent } from "../../../../engine/visits/visit.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../../protocol/units.ts";
import { runs } from "../../../support/property-runs.ts";

const DOCUMENT = VISIT_EVIDENCE.indexOf("document");
const OFFICE: VenuePolicy = {
  defaultStayMs: 9 * HOUR_MS,
  maxStayMs: 16 * HOUR_MS,
  closingHour: null,
  assumedClosingHour: 22,
};
/** A door's own memory: kiosk/admission/policy.ts. */
const MEMORY_MS = 16 * HOUR_MS;

interface Scan {
  readonly atMs: number;
  readonly door: 0 | 1;
  /** Whether the two doors hear of each other at that time. */
  readonly isLinked: boolean;
}

/** What two doors write of somebody: each judges by the last that it knows, and linked doors know the same. */
function written(scans: readonly Scan[]): readonly VisitEvent[] {
  const seen: { atMs: number; kind: "in" | "out" }[][] = [[], []];
  return scans.map(({ atMs, door, isLinked }): VisitEvent => {
    if (isLinked) for (const own of [0, 1] as const) seen[own] = [...(seen[0] ?? []), ...(seen[1] ?? [])];
    const known = (seen[door] ?? []).filter((one) => atMs - one.atMs <= MEMORY_MS).sort((a, b) => a.atMs - b.atMs);
    const kind = known.at(-1)?.kind === "in" ? "out" : "in";
    for (const own of [0, 1] as const) if (own === door || isLinked) seen[own]?.push({ atMs, kind });
    return { kind, venue: 1, gate: door, earliest: atMs, latest: atMs, evidence: DOCUMENT, party: 0 };
  });
}

const visitsOf = (events: readonly VisitEvent[]) =>
  doubtVisits(
    pairVisits(events, () => OFFICE),
    [],
    () => OFFICE,
  );
const certainOf = (events: readonly VisitEvent[]) =>
  visitsOf(events).flatMap(({ innerFrom, innerTo }) => (innerFrom < innerTo ? [[innerFrom, innerTo] as const] : []));
const hour = (hours: number, door: 0 | 1, isLinked = false): Scan => ({ atMs: hours * HOUR_MS, door, isLinked });

describe("ins and outs that doors without a link have swapped", () => {
  it("makes nothing certain of the time outside", () => {
    // in by one door, out by the other, which takes it for an arrival; back by that, which takes it for a leaving
    const events = written([hour(1, 0), hour(2, 1), hour(6, 1), hour(7, 0)]);
    expect(events.map(({ kind }) => kind)).toEqual(["in", "in", "out", "out"]);
    expect(certainOf(events)).toEqual([]);
  });

  it("holds on for as long as a door would still think so, and over the night", () => {
    const days = [hour(1, 0), hour(10, 1), hour(25, 1, true), hour(34, 1, true), hour(49, 1, true), hour(58, 1, true)];
    const events = written(days);
    expect(events.map(({ kind }) => kind)).toEqual(["in", "in", "out", "in", "out", "in"]);
    expect(certainOf(events)).toEqual([]);
  });

  it("is over when somebody comes in after the night", () => {
    const events = written([hour(1, 0), hour(2, 1), hour(6, 1), hour(7, 0), hour(25, 0, true), hour(30, 1, true)]);
    expect(certainOf(events)).toEqual([[25 * HOUR_MS, 30 * HOUR_MS]]);
  });

  it("is not suspected of whoever forgot to check out and comes the next day", () => {
    const events = written([hour(1, 0, true), hour(25, 1, true), hour(30, 0, true)]);
    expect(events.map(({ kind }) => kind)).toEqual(["in", "in", "out"]);
    expect(certainOf(events)).toEqual([[25 * HOUR_MS, 30 * HOUR_MS]]);
  });

  it("never makes a minute certain that was not, nor one impossible that was, of people who scan whenever they come and go", () => {
    const stay = fc.record({
      awayMs: fc.oneof(fc.integer({ min: MINUTE_MS, max: HOUR_MS }), fc.integer({ min: HOUR_MS, max: 20 * HOUR_MS })),
      insideMs: fc.oneof(fc.integer({ min: MINUTE_MS, max: HOUR_MS }), fc.integer({ min: HOUR_MS, max: 11 * HOUR_MS })),
      doors: fc.tuple(fc.constantFrom(0 as const, 1 as const), fc.constantFrom(0 as const, 1 as const)),
      links: fc.tuple(fc.boolean(), fc.boolean()),
    });
    const staysOf = fc.array(stay, { minLength: 1, maxLength: 12 }).map((drafts) => {
      let clock = 0;
      const scans: Scan[] = [];
      const truth: (readonly [from: number, to: number])[] = [];
      for (const { awayMs, insideMs, doors, links } of drafts) {
        const from = clock + awayMs;
        const to = from + insideMs;
        if (!isWithinADay(from, to)) continue; // nobody is inside when the office closes
        truth.push([from, to]);
        scans.push(
          { atMs: from, door: doors[0], isLinked: links[0] },
          { atMs: to, door: doors[1], isLinked: links[1] },
        );
        clock = to;
      }
      return { scans, truth };
    });
    fc.assert(
      fc.property(staysOf, ({ scans, truth }) => {
        const events = written(scans);
        for (const [from, to] of certainOf(events))
          expect(truth.some((one) => one[0] <= from && to <= one[1])).toBe(true);
        const possible = visitsOf(events).map(({ outerFrom, outerTo }) => ({ from: outerFrom, to: outerTo }));
        for (const [from, to] of truth) {
          const within = possible.flatMap((one) => shared(one.from, one.to, from, to) ?? []);
          expect([from, to, coveredMs(within)]).toEqual([from, to, to - from]);
        }
      }),
      { numRuns: runs(300) },
    );
  });
});

/** Between the hours of closing, 22:00 in Vietnam: 15 hours after the beginning of a day of these clocks. */
function isWithinADay(from: number, to: number): boolean {
  const dayOf = (atMs: number): number => Math.floor((atMs + 9 * HOUR_MS) / DAY_MS);
  return dayOf(from) === dayOf(to);
}
