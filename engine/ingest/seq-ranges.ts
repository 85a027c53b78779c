import type { SeqRange } from "../../protocol/checkin/receipt.ts";

/** Seqs as sorted ranges that neither touch nor overlap. */
export type SeqRanges = readonly SeqRange[];

/** Adds a range and joins what touches. O(n) in the number of ranges, which stays small: a device sends in order. */
export function addRange(ranges: SeqRanges, [from, to]: SeqRange): SeqRanges {
  const before = ranges.filter((range) => range[1] < from - 1);
  const after = ranges.filter((range) => range[0] > to + 1);
  const joined = ranges.slice(before.length, ranges.length - after.length);
  const first = Math.min(from, joined[0]?.[0] ?? from);
  const last = Math.max(to, joined.at(-1)?.[1] ?? to);
  return [...before, [first, last], ...after];
}

/** Every seq that either side holds. */
export function uniteRanges(left: SeqRanges, right: SeqRanges): SeqRanges {
  return right.reduce(addRange, left);
}

/** Whether any seq of the range is held. */
export function touchesRange(ranges: SeqRanges, [from, to]: SeqRange): boolean {
  return ranges.some((range) => range[0] <= to && range[1] >= from);
}

/** Greatest seq up to which every seq from 1 on is held; 0 when 1 is not. */
export function contiguousEnd(ranges: SeqRanges): number {
  const first = ranges[0];
  return first && first[0] === 1 ? first[1] : 0;
}

/** The holes after `above`: seqs that are not held although later ones are. */
export function gapsAbove(ranges: SeqRanges, above: number): SeqRanges {
  const gaps: SeqRange[] = [];
  let next = above + 1;
  for (const [from, to] of ranges) {
    if (from > next) gaps.push([next, from - 1]);
    next = Math.max(next, to + 1);
  }
  return gaps;
}

/** What the left side holds and the right side does not. */
export function subtractRanges(left: SeqRanges, right: SeqRanges): SeqRanges {
  return left.flatMap(([from, to]) => {
    const rest: SeqRange[] = [];
    let next = from;
    for (const [cutFrom, cutTo] of right) {
      if (cutTo < next || cutFrom > to) continue;
      if (cutFrom > next) rest.push([next, cutFrom - 1]);
      next = cutTo + 1;
    }
    if (next <= to) rest.push([next, to]);
    return rest;
  });
}
