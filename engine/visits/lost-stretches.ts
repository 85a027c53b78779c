import type { PolicyOf } from "./pair-visits.ts";
import { nextLocalHour, type VenuePolicy } from "./venue-policy.ts";
import type { VenueNumber, Visit } from "./visit.ts";

/** A time in which rows of a venue were written that nobody has any more; it ends after it begins. */
export interface LostStretch {
  readonly venue: VenueNumber;
  /** 0 when nothing bounds it. */
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * Takes the certain minutes of one person from every stay within which rows of its venue were lost: the person may have left and come
 * back in them. And from the stays at that venue after it, until the person must have gone home in between: a door that did not know of
 * the lost scan took an `in` for an `out`, and each one after it too. What is possible stays as it is.
 */
export function doubtVisits(
  visits: readonly Visit[],
  stretches: readonly LostStretch[],
  policyOf: PolicyOf,
): readonly Visit[] {
  if (stretches.length === 0) return visits;
  let doubted: Visit | null = null;
  return [...visits].sort(byVenueAndTime).map((visit) => {
    const follows = doubted?.venue === visit.venue && mayBeInside(doubted, visit, policyOf(visit.venue));
    if (!follows && !stretches.some((stretch) => isWithin(stretch, visit))) return visit;
    doubted = visit;
    return { ...visit, innerTo: visit.innerFrom };
  });
}

function byVenueAndTime(left: Visit, right: Visit): number {
  return left.venue - right.venue || left.outerFrom - right.outerFrom || left.outerTo - right.outerTo;
}

/** Whether somebody may have been at the venue all the time between two stays there. */
function mayBeInside(before: Visit, after: Visit, policy: VenuePolicy): boolean {
  const hour = policy.closingHour ?? policy.assumedClosingHour;
  if (hour !== null && nextLocalHour(before.outerTo, hour) <= after.outerFrom) return false;
  return after.outerFrom - before.outerTo <= policy.maxStayMs;
}

/** A stay with an inferred end has no certain minutes to touch; then what is possible counts. */
function isWithin({ venue, fromMs, toMs }: LostStretch, visit: Visit): boolean {
  const { innerFrom, innerTo, outerFrom, outerTo } = visit;
  const [begin, end] = innerFrom < innerTo ? [innerFrom, innerTo] : [outerFrom, outerTo];
  return venue === visit.venue && fromMs < end && toMs > begin;
}

/** The stretches that only one of the two sides has. */
export function changedStretches(before: readonly LostStretch[], after: readonly LostStretch[]): LostStretch[] {
  return [...without(before, after), ...without(after, before)];
}

function without(all: readonly LostStretch[], others: readonly LostStretch[]): readonly LostStretch[] {
  const known = new Set(others.map(nameOf));
  return all.filter((stretch) => !known.has(nameOf(stretch)));
}

function nameOf({ venue, fromMs, toMs }: LostStretch): string {
  return `${venue}/${fromMs}/${toMs}`;
}
