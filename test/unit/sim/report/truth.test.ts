import { describe, expect, it } from "vitest";
import { certainAgainst, trueOverlaps } from "../../../../sim/report/truth.ts";
import type { Stay } from "../../../../sim/world/schedule.ts";

const MINUTE_MS = 60_000;
const stay = (person: number, from: number, to: number, venue = 0): Stay => {
  return { person, venue, door: 0, fromMs: from * MINUTE_MS, toMs: to * MINUTE_MS };
};
const TRUTH = trueOverlaps([stay(1, 0, 60), stay(2, 30, 90), stay(1, 80, 85), stay(3, 0, 90, 1)], new Set([1]));
const DOUBT = { rowMs: 250, truthMs: 0 };

describe("minutes that are called certain", () => {
  it("are counted over all meetings of a pair", () => {
    expect([...TRUTH]).toEqual([["1-2", { minutes: 35, meetings: 2 }]]);
  });

  it("may fall short of the truth by the doubt of the clocks, by no more, and never exceed it", () => {
    const against = (minutesCertain: number) => certainAgainst([{ pair: "1-2", minutesCertain }], TRUTH, DOUBT);
    expect(against(35)).toEqual({ beyondTruth: 0, missed: 0 });
    expect(against(34.9)).toEqual({ beyondTruth: 0, missed: 0 });
    expect(against(30).missed).toBeCloseTo(4.87, 2);
    expect(against(35.1).beyondTruth).toBeCloseTo(0.1, 6);
  });

  it("are all missed when a true pair is listed with none, or not listed", () => {
    expect(certainAgainst([{ pair: "1-2", minutesCertain: 0 }], TRUTH, DOUBT).missed).toBeGreaterThan(34);
    expect(certainAgainst([], TRUTH, DOUBT).missed).toBeGreaterThan(34);
  });

  it("are all invented for a pair that never met", () => {
    const said = [
      { pair: "1-2", minutesCertain: 35 },
      { pair: "1-3", minutesCertain: 2 },
    ];
    expect(certainAgainst(said, TRUTH, DOUBT).beyondTruth).toBe(2);
  });

  it("are held against a truth that is itself no better known than so", () => {
    const said = [{ pair: "1-2", minutesCertain: 35.1 }];
    expect(certainAgainst(said, TRUTH, { ...DOUBT, truthMs: 2_000 }).beyondTruth).toBe(0);
  });
});
