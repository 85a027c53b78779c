import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { certainMinutes, coveredMs, overlapOf, possibleMinutes, type Span } from "../../../../engine/match/overlap.ts";
import { runs } from "../../../support/property-runs.ts";

/** A stay with true ends somewhere within its uncertain ones. */
const stay = fc
  .record({
    from: fc.integer({ min: 0, max: 1_000 }),
    length: fc.integer({ min: 0, max: 1_000 }),
    doubtIn: fc.integer({ min: 0, max: 200 }),
    doubtOut: fc.integer({ min: 0, max: 200 }),
    biasIn: fc.double({ min: -1, max: 1, noNaN: true }),
    biasOut: fc.double({ min: -1, max: 1, noNaN: true }),
  })
  .map(({ from, length, doubtIn, doubtOut, biasIn, biasOut }) => {
    const to = from + length;
    const span: Span = {
      outerFrom: from - doubtIn,
      innerFrom: from + doubtIn,
      innerTo: to - doubtOut,
      outerTo: to + doubtOut,
    };
    return { span, trueFrom: from + biasIn * doubtIn, trueTo: to + biasOut * doubtOut };
  });

describe("overlapOf", () => {
  it("never claims more than was true and never hides what was, whatever the true ends were", () => {
    fc.assert(
      fc.property(stay, stay, (a, b) => {
        const together = Math.max(0, Math.min(a.trueTo, b.trueTo) - Math.max(a.trueFrom, b.trueFrom));
        const overlap = overlapOf(a.span, b.span);
        const possible = overlap ? overlap.possible.to - overlap.possible.from : 0;
        const certain = overlap?.certain ? overlap.certain.to - overlap.certain.from : 0;
        expect(possible).toBeGreaterThanOrEqual(together - 1e-9);
        if (a.trueTo >= a.trueFrom && b.trueTo >= b.trueFrom) expect(certain).toBeLessThanOrEqual(together + 1e-9);
      }),
      { numRuns: runs(2_000) },
    );
  });

  it("is the same from both sides", () => {
    fc.assert(
      fc.property(stay, stay, (a, b) => {
        expect(overlapOf(a.span, b.span)).toEqual(overlapOf(b.span, a.span));
      }),
    );
  });

  it("does not take touching ends for a meeting", () => {
    const first = { outerFrom: 0, innerFrom: 0, innerTo: 10, outerTo: 10 };
    expect(overlapOf(first, { outerFrom: 10, innerFrom: 10, innerTo: 20, outerTo: 20 })).toBeNull();
  });
});

describe("minutes", () => {
  it("count what overlaps once", () => {
    expect(
      coveredMs([
        { from: 0, to: 10 },
        { from: 5, to: 15 },
        { from: 20, to: 30 },
        { from: 22, to: 25 },
      ]),
    ).toBe(25);
  });

  it("are rounded so that certain is never more and possible never less", () => {
    expect(certainMinutes(899_999)).toBe(14.9);
    expect(certainMinutes(900_000)).toBe(15);
    expect(possibleMinutes(900_001)).toBe(15.1);
    expect(possibleMinutes(900_000)).toBe(15);
  });
});
