import { describe, expect, it } from "vitest";
import { pairUndated, type UndatedEvent } from "../../../../engine/visits/pair-undated.ts";

const scan = (kind: "in" | "out", boottimeMs: number, change: Partial<UndatedEvent> = {}): UndatedEvent => ({
  kind,
  boottimeMs,
  venue: 1,
  gate: 1,
  evidence: 3,
  party: 0,
  run: "7/1",
  earliest: null,
  latest: null,
  ...change,
});

describe("pairUndated", () => {
  it("knows how long a stay was within one run of one machine, whatever the hour", () => {
    expect(pairUndated([scan("out", 9_000), scan("in", 4_000)])).toMatchObject([
      { lengthMs: 5_000, earliest: null, gateIn: 1, gateOut: 1 },
    ]);
  });

  it("does not measure across runs or venues", () => {
    const visits = pairUndated([scan("in", 1), scan("out", 2, { run: "7/2" }), scan("out", 3, { venue: 2 })]);
    expect(visits.map(({ lengthMs }) => lengthMs)).toEqual([null, null, null]);
  });

  it("keeps the bounds of a clock that was only too unsure", () => {
    const [visit] = pairUndated([
      scan("in", 1, { earliest: 10, latest: 90 }),
      scan("out", 5, { earliest: 20, latest: 99 }),
    ]);
    expect(visit).toMatchObject({ earliest: 10, latest: 99 });
  });
});
