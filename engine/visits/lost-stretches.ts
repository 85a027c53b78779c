import type { VenueNumber } from "./visit.ts";

/** A time in which rows of a venue were written that nobody has any more; it ends after it begins. */
export interface LostStretch {
  readonly venue: VenueNumber;
  /** 0 when nothing bounds it. */
  readonly fromMs: number;
  readonly toMs: number;
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
