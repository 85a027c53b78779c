import type { Stay } from "../world/schedule.ts";

/** Real time between two visitors of a shortened day, milliseconds: far above the doubt of clocks that one machine's parts share. */
export const SLOT_MS = 600;
/** Slots between two scans of one person: 7.2 s, above the least dwell that a door can be set to. */
const DWELL_SLOTS = 12;

/** One visitor at a door. */
export interface Turn {
  readonly slot: number;
  /** Number of the stay. */
  readonly stay: number;
  readonly direction: "in" | "out";
}

/**
 * A day without its empty hours: the visits in the order in which they were planned, one a slot.
 *
 * Whoever would come again too soon for the door waits, and others go first.
 */
export function shortenedDay(stays: readonly Stay[]): readonly Turn[] {
  const waiting = stays
    .flatMap(({ person, fromMs, toMs }, stay) => [
      { stay, person, atMs: fromMs, direction: "in" as const },
      { stay, person, atMs: toMs, direction: "out" as const },
    ])
    .sort((a, b) => a.atMs - b.atMs || a.person - b.person);
  const readyAt = new Map<number, number>();
  const turns: Turn[] = [];
  for (let slot = 0; waiting.length > 0; slot += 1) {
    const at = waiting.findIndex(({ person }) => (readyAt.get(person) ?? 0) <= slot);
    const [next] = at < 0 ? [] : waiting.splice(at, 1);
    if (!next) continue;
    readyAt.set(next.person, slot + DWELL_SLOTS);
    turns.push({ slot, stay: next.stay, direction: next.direction });
  }
  return turns;
}
