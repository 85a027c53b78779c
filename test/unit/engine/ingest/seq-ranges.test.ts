import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addRange,
  contiguousEnd,
  gapsAbove,
  type SeqRanges,
  subtractRanges,
  touchesRange,
  uniteRanges,
} from "../../../../engine/ingest/seq-ranges.ts";

const MAX = 60;
const range = fc
  .tuple(fc.integer({ min: 1, max: MAX }), fc.integer({ min: 0, max: 8 }))
  .map(([from, length]) => [from, from + length] as const);
const ranges = fc.array(range, { maxLength: 8 });
const build = (list: readonly (readonly [number, number])[]): SeqRanges => list.reduce<SeqRanges>(addRange, []);
const members = (list: SeqRanges): Set<number> =>
  new Set(list.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i)));

describe("ranges of seqs", () => {
  it("hold what was added, sorted, apart from each other, whatever the order", () => {
    fc.assert(
      fc.property(ranges, (list) => {
        const built = build(list);
        expect(members(built)).toEqual(members(list));
        expect(build([...list].reverse())).toEqual(built);
        for (const [at, [from]] of built.entries()) if (at > 0) expect(from).toBeGreaterThan(built[at - 1]![1] + 1);
      }),
    );
  });

  it("unite, subtract and touch as sets do", () => {
    fc.assert(
      fc.property(ranges, ranges, range, (a, b, probe) => {
        const [left, right] = [build(a), build(b)];
        const [inLeft, inRight] = [members(left), members(right)];
        expect(members(uniteRanges(left, right))).toEqual(new Set([...inLeft, ...inRight]));
        expect(members(subtractRanges(left, right))).toEqual(new Set([...inLeft].filter((seq) => !inRight.has(seq))));
        expect(touchesRange(left, probe)).toBe([...members([probe])].some((seq) => inLeft.has(seq)));
      }),
    );
  });

  it("know where they begin to lack something, and what they lack", () => {
    fc.assert(
      fc.property(ranges, (list) => {
        const built = build(list);
        const held = members(built);
        const end = contiguousEnd(built);
        for (let seq = 1; seq <= end; seq += 1) expect(held.has(seq)).toBe(true);
        expect(held.has(end + 1)).toBe(false);
        const lacking = members(gapsAbove(built, end));
        const last = Math.max(end, ...held);
        for (let seq = end + 1; seq <= last; seq += 1) expect(lacking.has(seq)).toBe(!held.has(seq));
      }),
    );
  });
});
