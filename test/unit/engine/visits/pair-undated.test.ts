import { describe, expect, it } from "vitest";
import { pairUndated, type UndatedEvent } from "../../../../engine/visits/pair-undated.ts";
import type { PolicyOf } from "../../../../engine/visits/pair-visits.ts";

const scan = (kind: "in" | "out", boottimeMs: number, change: Partial<UndatedEvent> = {}): UndatedEvent => ({
  kind,
  boottimeMs,
  venue: 1,
  gate: 1,
  evidence: 3,
  party: 0,
  run: "7/1",
  earliest: null,
  latest: 1_000_000,
  ...change,
});

const policyOf: PolicyOf = (venue) => ({
  defaultStayMs: 100,
  maxStayMs: venue === 2 ? 2_000 : 500,
  closingHour: null,
  assumedClosingHour: null,
});

describe("pairUndated", () => {
  it("knows how long a stay was within one run of one machine, whatever the hour", () => {
    expect(pairUndated([scan("out", 9_000), scan("in", 4_000)], policyOf)).toMatchObject([
      { lengthMs: 5_000, earliest: null, gateIn: 1, gateOut: 1 },
    ]);
  });

  it("does not measure across runs or venues", () => {
    const events = [scan("in", 1), scan("out", 2, { run: "7/2" }), scan("out", 3, { venue: 2 })];
    const visits = pairUndated(events, policyOf);
    expect(visits.map(({ lengthMs }) => lengthMs)).toEqual([null, null, null]);
  });

  it("keeps the bounds of a clock that was only too unsure", () => {
    const [came, left] = [scan("in", 1, { earliest: 10, latest: 90 }), scan("out", 5, { earliest: 20, latest: 99 })];
    expect(pairUndated([came, left], policyOf)).toMatchObject([{ earliest: 10, latest: 99 }]);
  });

  it("gives an end that nobody scanned the longest stay at its place", () => {
    const events = [
      scan("in", 1, { latest: 90 }),
      scan("out", 1, { venue: 2, earliest: 20, latest: 99 }),
      scan("out", 1, { venue: 3 }),
    ];
    expect(pairUndated(events, policyOf)).toMatchObject([
      { venue: 1, earliest: null, latest: 590 },
      { venue: 2, earliest: -1_980, latest: 99 },
      { venue: 3, earliest: null, latest: 1_000_000 },
    ]);
  });
});
