import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contradiction } from "../../../../engine/match/conflicts.ts";
import type { StoredSlice } from "../../../../engine/match/visit-store.ts";
import type { PersonKey } from "../../../../protocol/ids.ts";
import { runs } from "../../../support/property-runs.ts";

type Times = Pick<StoredSlice, "outerFrom" | "innerFrom" | "innerTo" | "outerTo">;

function stay(times: Times, change: Partial<StoredSlice> = {}): StoredSlice {
  const end = { gate: 1, evidence: "document", reason: "explicit" } as const;
  const known = { person: "00" as PersonKey, venue: 1, visitFrom: times.outerFrom, start: end, end, party: 0 };
  return { ...known, ...times, ...change };
}

const inferredEnd = { end: { gate: null, evidence: "inferred", reason: "default_stay" } } as const;
const inferredStart = { start: { gate: null, evidence: "inferred", reason: "default_stay" } } as const;

/** Four times in order, of which the middle two bound what is certain. */
const times = fc
  .array(fc.nat(100), { minLength: 4, maxLength: 4 })
  .map((four) => four.sort((left, right) => left - right))
  .map(([outerFrom = 0, innerFrom = 0, innerTo = 0, outerTo = 0]) => ({ outerFrom, innerFrom, innerTo, outerTo }));

describe("contradiction", () => {
  it("is where both stays are certain, and does not depend on the order", () => {
    fc.assert(
      fc.property(times, times, (left, right) => {
        const found = contradiction(stay(left), stay(right));
        expect(contradiction(stay(right), stay(left))).toEqual(found);
        if (!found) return;
        for (const one of [left, right]) {
          expect(found.from).toBeGreaterThanOrEqual(Math.min(one.innerFrom, one.outerFrom));
          expect(found.to).toBeLessThanOrEqual(one.outerTo);
        }
      }),
      { numRuns: runs(500) },
    );
  });

  it("is never found between stays that somebody can have made one after the other", () => {
    fc.assert(
      fc.property(times, times, (left, right) => {
        const later = { ...right };
        for (const key of ["outerFrom", "innerFrom", "innerTo", "outerTo"] as const) later[key] += left.innerTo;
        expect(contradiction(stay(left), stay(later))).toBeNull();
      }),
      { numRuns: runs(500) },
    );
  });

  it("is a single scan that surely fell within a stay elsewhere, and not one that may have been before or after it", () => {
    const around = stay({ outerFrom: 0, innerFrom: 10, innerTo: 90, outerTo: 100 });
    const entered = (from: number, to: number): StoredSlice =>
      stay({ outerFrom: from, innerFrom: to, innerTo: to, outerTo: 500 }, inferredEnd);
    const left = (from: number, to: number): StoredSlice =>
      stay({ outerFrom: 0, innerFrom: from, innerTo: from, outerTo: to }, inferredStart);
    expect(contradiction(around, entered(20, 30))).toEqual({ from: 20, to: 30 });
    expect(contradiction(entered(20, 30), around)).toEqual({ from: 20, to: 30 });
    expect(contradiction(around, left(40, 50))).toEqual({ from: 40, to: 50 });
    for (const unsure of [entered(5, 15), entered(85, 95), left(5, 15), left(85, 95)])
      expect(contradiction(around, unsure)).toBeNull();
  });

  it("does not take the later parts of a long stay for scans", () => {
    const around = stay({ outerFrom: 0, innerFrom: 10, innerTo: 90, outerTo: 100 });
    const part = stay({ outerFrom: 50, innerFrom: 50, innerTo: 50, outerTo: 80 }, { ...inferredEnd, visitFrom: 0 });
    expect(contradiction(around, part)).toBeNull();
  });
});
