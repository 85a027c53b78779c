import { MINUTE_MS } from "../../protocol/units.ts";
import { distance, type Walk } from "../world/rooms.ts";
import type { Stay } from "../world/schedule.ts";

/** Names a pair of people without order: the smaller index first. */
export function pairOf(a: number, b: number): string {
  return a < b ? `${a}-${b}` : `${b}-${a}`;
}

/** How long two people were at the same venue at the same time. */
export interface Together {
  readonly minutes: number;
  /** In so many stretches. */
  readonly meetings: number;
}

/** Everybody who was at a venue at the same time as one of the index people, by the clock of the world; by pair. */
export function trueOverlaps(stays: readonly Stay[], indexPeople: ReadonlySet<number>): ReadonlyMap<string, Together> {
  const pairs = new Map<string, Together>();
  forEachMeeting(stays, indexPeople, (a, b) => {
    const [one, other] = [stays[a] as Stay, stays[b] as Stay];
    const pair = pairOf(one.person, other.person);
    const { minutes, meetings } = pairs.get(pair) ?? { minutes: 0, meetings: 0 };
    const overlapMs = Math.min(one.toMs, other.toMs) - Math.max(one.fromMs, other.fromMs);
    pairs.set(pair, { minutes: minutes + overlapMs / MINUTE_MS, meetings: meetings + 1 });
  });
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

/** How far the minutes that were called certain were from the truth, for the pair with which it was worst; 0 and 0 when all is well. */
export interface CertainMinutes {
  /** Minutes called certain that never were. */
  readonly beyondTruth: number;
  /** Minutes that were and were not called certain, beyond what doubt and rounding explain. */
  readonly missed: number;
}

/** How exactly anybody can know when a scan was. */
export interface ScanDoubt {
  /** How wrong the time in its row may be, milliseconds. */
  readonly rowMs: number;
  /** How wrong the truth itself may be, milliseconds: 0 where time is virtual. */
  readonly truthMs: number;
}

/** What was said of a pair. */
export interface SaidOfPair {
  readonly pair: string;
  readonly minutesCertain: number;
}

/** The engine rounds certain minutes down to tenths. */
const ROUNDED_MINUTES = 0.1;

/** Holds minutes that were called certain against the truth; a pair of whom nothing is said has none. */
export function certainAgainst(
  said: readonly SaidOfPair[],
  truth: ReadonlyMap<string, Together>,
  { rowMs, truthMs }: ScanDoubt,
): CertainMinutes {
  const named = new Set(said.map(({ pair }) => pair));
  const silent = [...truth.keys()].filter((pair) => !named.has(pair));
  const all = [...said, ...silent.map((pair) => ({ pair, minutesCertain: 0 }))];
  let [beyondTruth, missed] = [0, 0];
  for (const { pair, minutesCertain } of all) {
    const { minutes, meetings } = truth.get(pair) ?? { minutes: 0, meetings: 0 };
    const ends = (2 * meetings) / MINUTE_MS;
    beyondTruth = Math.max(beyondTruth, minutesCertain - minutes - ends * truthMs);
    missed = Math.max(missed, minutes - minutesCertain - ROUNDED_MINUTES - ends * (truthMs + 2 * rowMs)); // a row's time lies between two bounds
  }
  return { beyondTruth, missed };
}

/** How well found pairs meet true pairs; both are 1 when there was nothing to find and nothing was found. */
export interface Score {
  readonly recall: number;
  readonly precision: number;
}

/** Compares two sets of pairs. */
export function scoreOf(
  found: ReadonlySet<string>,
  truth: { readonly size: number; has(pair: string): boolean },
): Score {
  let hits = 0;
  for (const pair of found) if (truth.has(pair)) hits += 1;
  return { recall: truth.size === 0 ? 1 : hits / truth.size, precision: found.size === 0 ? 1 : hits / found.size };
}
