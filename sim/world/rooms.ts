import { MINUTE_MS } from "../../protocol/units.ts";
import type { Rng } from "../rng.ts";
import type { Person } from "./people.ts";
import type { Stay } from "./schedule.ts";

/** Room that every venue has, metres. */
const WIDTH_M = 14;
const DEPTH_M = 10;
/** Members of a group keep this close, metres. */
const TOGETHER_M = 1.2;

/** Where somebody stood during one minute of a stay, metres. */
export interface Position {
  readonly x: number;
  readonly y: number;
}

/** Positions of one stay, one a minute, from the first whole minute on; the room's own truth about who was near whom. */
export type Walk = readonly Position[];

/**
 * Walks everybody through their stays: half of the groups sit down, the others move to a new place every few minutes.
 *
 * @returns one walk a stay, in the order of `stays`
 */
export function createWalks(rng: Rng, people: readonly Person[], stays: readonly Stay[]): readonly Walk[] {
  const anchors = new Map<string, Walk>();
  return stays.map((stay) => {
    const group = people[stay.person]?.group ?? stay.person;
    const minutes = Math.ceil((stay.toMs - stay.fromMs) / MINUTE_MS);
    const key = `${group}/${stay.venue}/${Math.floor(stay.fromMs / (2 * MINUTE_MS))}`;
    const anchor = anchors.get(key) ?? walkOf(rng.fork(key), minutes + 2);
    anchors.set(key, anchor);
    const own = rng.fork(`${key}/${stay.person}`);
    const dx = (own.next() - 0.5) * TOGETHER_M;
    const dy = (own.next() - 0.5) * TOGETHER_M;
    return anchor.slice(0, minutes).map(({ x, y }) => ({ x: x + dx, y: y + dy }));
  });
}

function walkOf(rng: Rng, minutes: number): Walk {
  const sits = rng.chance(0.5);
  const place = (): Position => ({ x: rng.next() * WIDTH_M, y: rng.next() * DEPTH_M });
  let here = place();
  let leftMinutes = rng.integer(2, 8);
  return Array.from({ length: minutes }, () => {
    leftMinutes -= 1;
    if (!sits && leftMinutes === 0) {
      here = place();
      leftMinutes = rng.integer(2, 8);
    }
    return here;
  });
}

/** Distance between two positions, metres. */
export function distance(a: Position, b: Position): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
