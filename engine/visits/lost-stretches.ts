import type { VenueNumber, Visit } from "./visit.ts";

/** A time in which rows of a venue were written that nobody has any more; it ends after it begins. */
export interface LostStretch {
  readonly venue: VenueNumber;
  /** 0 when nothing bounds it. */
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * Takes the certain minutes from every paired stay within which rows of its venue were lost: its person may have left and come back in
 * them. What is possible stays as it is, as do stays with an inferred end: they have no certain minutes.
 */
export function doubtVisits(visits: readonly Visit[], stretches: readonly LostStretch[]): readonly Visit[] {
  if (stretches.length === 0) return visits;
  return visits.map((visit) =>
    stretches.some((stretch) => isWithin(stretch, visit)) ? { ...visit, innerTo: visit.innerFrom } : visit,
  );
}

function isWithin({ venue, fromMs, toMs }: LostStretch, { innerFrom, innerTo, ...visit }: Visit): boolean {
  return venue === visit.venue && fromMs < innerTo && toMs > innerFrom;
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
