import { MINUTE_MS } from "../../protocol/units.ts";
import { distance, type Walk } from "../world/rooms.ts";
import type { Stay } from "../world/schedule.ts";

/** Names a pair of people without order: the smaller index first. */
export function pairOf(a: number, b: number): string {
  return a < b ? `${a}-${b}` : `${b}-${a}`;
}

/** Everybody who was at a venue at the same time as one of the index people, by the clock of the world. */
export function trueOverlaps(stays: readonly Stay[], indexPeople: ReadonlySet<number>): ReadonlySet<string> {
  const pairs = new Set<string>();
  forEachMeeting(stays, indexPeople, (a, b) =>
    pairs.add(pairOf(stays[a]?.person as number, stays[b]?.person as number)),
  );
  return pairs;
}

/** Pairs with an index person who were within 2 m of each other for at least 15 minutes, summed over the day. */
export function trueContacts(
  stays: readonly Stay[],
  walks: readonly Walk[],
  indexPeople: ReadonlySet<number>,
): ReadonlySet<string> {
  const minutes = new Map<string, number>();
  forEachMeeting(stays, indexPeople, (a, b) => {
    const near = minutesNear(stays[a] as Stay, walks[a] as Walk, stays[b] as Stay, walks[b] as Walk);
    const pair = pairOf(stays[a]?.person as number, stays[b]?.person as number);
    minutes.set(pair, (minutes.get(pair) ?? 0) + near);
  });
  return new Set([...minutes].filter(([, total]) => total >= 15).map(([pair]) => pair));
}

/** Closer than this no clock of a door can tell whether one left before the other came, milliseconds. */
const INSTANT_MS = 200;

/** Pairs of whom one left at the very instant at which the other came: no overlap, and nothing that an engine could know. */
export function trueTouches(stays: readonly Stay[], indexPeople: ReadonlySet<number>): ReadonlySet<string> {
  const pairs = new Set<string>();
  for (const one of stays.filter(({ person }) => indexPeople.has(person))) {
    for (const other of stays) {
      const overlapMs = Math.min(one.toMs, other.toMs) - Math.max(one.fromMs, other.fromMs);
      if (other.venue === one.venue && other.person !== one.person && overlapMs <= 0 && overlapMs >= -INSTANT_MS)
        pairs.add(pairOf(one.person, other.person));
    }
  }
  return pairs;
}

function forEachMeeting(
  stays: readonly Stay[],
  indexPeople: ReadonlySet<number>,
  met: (a: number, b: number) => void,
): void {
  for (const [a, one] of stays.entries()) {
    if (!indexPeople.has(one.person)) continue;
    for (const [b, other] of stays.entries()) {
      const seenFromOtherSide = indexPeople.has(other.person) && b < a;
      if (!seenFromOtherSide && meets(one, other)) met(a, b);
    }
  }
}

function meets(one: Stay, other: Stay): boolean {
  if (other.person === one.person || other.venue !== one.venue) return false;
  return Math.min(one.toMs, other.toMs) > Math.max(one.fromMs, other.fromMs);
}

function minutesNear(one: Stay, walk: Walk, other: Stay, otherWalk: Walk): number {
  const from = Math.max(one.fromMs, other.fromMs);
  const to = Math.min(one.toMs, other.toMs);
  let near = 0;
  for (let at = from; at < to; at += MINUTE_MS) {
    const a = walk[Math.floor((at - one.fromMs) / MINUTE_MS)];
    const b = otherWalk[Math.floor((at - other.fromMs) / MINUTE_MS)];
    if (a && b && distance(a, b) <= 2) near += 1;
  }
  return near;
}

/** How well found pairs meet true pairs; both are 1 when there was nothing to find and nothing was found. */
export interface Score {
  readonly recall: number;
  readonly precision: number;
}

/** Compares two sets of pairs. */
export function scoreOf(found: ReadonlySet<string>, truth: ReadonlySet<string>): Score {
  let hits = 0;
  for (const pair of found) if (truth.has(pair)) hits += 1;
  return { recall: truth.size === 0 ? 1 : hits / truth.size, precision: found.size === 0 ? 1 : hits / found.size };
}
