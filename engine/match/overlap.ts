import { MINUTE_MS } from "../../protocol/units.ts";

/** When somebody was at a place: for certain from `innerFrom` to `innerTo`, possibly from `outerFrom` to `outerTo`. */
export interface Span {
  readonly outerFrom: number;
  readonly innerFrom: number;
  readonly innerTo: number;
  readonly outerTo: number;
}

/** A stretch of time that is not empty. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** How long two people were at one place together. `certain` lies within `possible`. */
export interface Overlap {
  readonly possible: Stretch;
  readonly certain: Stretch | null;
}

/**
 * Finds the time that two spans share: the outer intervals say what is possible, the inner ones what is certain.
 *
 * @returns null when they cannot have met; touching ends are no meeting
 */
export function overlapOf(left: Span, right: Span): Overlap | null {
  const possible = shared(left.outerFrom, left.outerTo, right.outerFrom, right.outerTo);
  if (!possible) return null;
  return { possible, certain: shared(left.innerFrom, left.innerTo, right.innerFrom, right.innerTo) };
}

/** The time that two intervals share; null when there is none. */
export function shared(leftFrom: number, leftTo: number, rightFrom: number, rightTo: number): Stretch | null {
  const from = Math.max(leftFrom, rightFrom);
  const to = Math.min(leftTo, rightTo);
  return to > from ? { from, to } : null;
}

/** Length of the time that any of the stretches covers, milliseconds: what overlaps is counted once. */
export function coveredMs(stretches: readonly Stretch[]): number {
  let covered = 0;
  let end = Number.NEGATIVE_INFINITY;
  for (const { from, to } of [...stretches].sort((left, right) => left.from - right.from)) {
    covered += Math.max(0, to - Math.max(from, end));
    end = Math.max(end, to);
  }
  return covered;
}

/** Minutes to one decimal, rounded down: never claims more than is certain. */
export function certainMinutes(ms: number): number {
  return Math.floor((ms * 10) / MINUTE_MS) / 10;
}

/** Minutes to one decimal, rounded up: never hides what is possible. */
export function possibleMinutes(ms: number): number {
  return Math.ceil((ms * 10) / MINUTE_MS) / 10;
}
