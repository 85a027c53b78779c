import type { Rng } from "../rng.ts";
import type { Position } from "../world/rooms.ts";
import { type ContactFile, type ContactRow, ROW_S } from "./contact-file.ts";

/** A room of a class, metres. */
export const ROOM = { width: 10, depth: 8 } as const;
/** Nobody in contact stands farther from whom he is in contact with, metres: what the badges of SocioPatterns register. */
export const CONTACT_M = 1.5;
const NEAREST_M = 0.5;
/** Everybody else stays at one place this long, seconds: a lesson. */
const SEAT_S = 3_000;
const DAY_S = 86_400;

/** Where somebody is during one step. */
export interface Placed extends Position {
  /** Number of the room. */
  readonly room: number;
}

/** Twenty seconds of a day: everybody who is there, by number. */
export interface Step {
  /** End of the step, seconds from midnight of the first day. */
  readonly atS: number;
  readonly places: ReadonlyMap<number, Placed>;
}

/**
 * Gives every person of a contact file a place in every step of 20 seconds. The file knows who was face to face, not where, so this
 * rule stands in for it (docs/simulator.md prints it):
 *
 * - each class has one room; a person is there from his first to his last contact of the day, and nowhere before and after;
 * - people in contact stand 0.5 to 1.5 m from one another, in the room of the first of them that the file names;
 * - everybody else is at a random place of his own room, a new one every 50 minutes.
 */
export function* placements(file: ContactFile, rng: Rng): Generator<Step> {
  const seats = new Seats(file, rng.fork("seats"));
  const meetings = rng.fork("meetings");
  const rowsAt = rowsByTime(file);
  for (const [day, people] of staysOf(file)) {
    const last = Math.max(...[...people.values()].map(([, to]) => to));
    const first = Math.min(...[...people.values()].map(([from]) => from));
    for (let atS = first; atS <= last; atS += ROW_S) {
      const there = [...people].filter(([, [from, to]]) => atS >= from && atS <= to);
      const places = new Map(there.map(([person]) => [person, seats.of(person, day, atS)]));
      gather(rowsAt.get(atS) ?? [], places, meetings);
      yield { atS, places };
    }
  }
}

function rowsByTime({ rows }: ContactFile): ReadonlyMap<number, readonly ContactRow[]> {
  const byTime = new Map<number, ContactRow[]>();
  for (const row of rows) byTime.set(row.atS, [...(byTime.get(row.atS) ?? []), row]);
  return byTime;
}

/** First and last contact of everybody, by day. */
function staysOf(file: ContactFile): ReadonlyMap<number, ReadonlyMap<number, readonly [number, number]>> {
  const days = new Map<number, Map<number, [number, number]>>();
  for (const { atS, a, b } of file.rows) {
    const day = Math.floor(atS / DAY_S);
    const people = days.get(day) ?? new Map<number, [number, number]>();
    days.set(day, people);
    for (const person of [a, b]) people.set(person, [people.get(person)?.[0] ?? atS, atS]);
  }
  return days;
}

/** Places that people keep for a lesson. */
class Seats {
  readonly #file: ContactFile;
  readonly #rng: Rng;
  readonly #known = new Map<string, Placed>();

  constructor(file: ContactFile, rng: Rng) {
    this.#file = file;
    this.#rng = rng;
  }

  of(person: number, day: number, atS: number): Placed {
    const lesson = `${day}/${Math.floor((atS % DAY_S) / SEAT_S)}/${person}`;
    const known = this.#known.get(lesson);
    if (known) return known;
    const room = this.#file.groups.indexOf(this.#file.people[person]?.group ?? "");
    const draw = this.#rng.fork(lesson);
    const seat = { room, x: draw.next() * ROOM.width, y: draw.next() * ROOM.depth };
    this.#known.set(lesson, seat);
    return seat;
  }
}

/** Puts people in contact next to each other: the first of a group stays, each other goes to somebody he is in contact with. */
function gather(rows: readonly ContactRow[], places: Map<number, Placed>, rng: Rng): void {
  const waiting = [...rows];
  const placed = new Set<number>();
  while (waiting.length > 0) {
    const next = waiting.findIndex(({ a, b }) => placed.has(a) || placed.has(b));
    const [row] = waiting.splice(Math.max(0, next), 1);
    if (!row) return;
    const [stands, comes] = placed.has(row.b) && !placed.has(row.a) ? [row.b, row.a] : [row.a, row.b];
    const place = places.get(stands);
    placed.add(stands);
    if (!place || placed.has(comes)) continue;
    placed.add(comes);
    places.set(comes, beside(place, rng));
  }
}

function beside({ room, x, y }: Placed, rng: Rng): Placed {
  const metres = NEAREST_M + rng.next() * (CONTACT_M - NEAREST_M);
  const angle = rng.next() * 2 * Math.PI;
  const inside = (value: number, from: number, size: number): number =>
    value < 0 || value > size ? 2 * from - value : value; // a wall: to the other side
  return {
    room,
    x: inside(x + metres * Math.cos(angle), x, ROOM.width),
    y: inside(y + metres * Math.sin(angle), y, ROOM.depth),
  };
}
