import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../../protocol/units.ts";
import type { Rng } from "../rng.ts";
import type { Person } from "./people.ts";

/** A stay of one person at one venue, as it really was. Times are milliseconds since the world's midnight. */
export interface Stay {
  readonly person: number;
  readonly venue: number;
  /** The door of the way in, and of the way out unless there is another for that. */
  readonly door: number;
  readonly doorOut?: number;
  readonly fromMs: number;
  readonly toMs: number;
  /** The person leaves without a scan. */
  readonly isForgotten?: boolean;
}

export interface ScheduleOptions {
  /** Venue of each door; a venue may have several. */
  readonly doors: readonly number[];
  readonly opensMs?: number;
  readonly closesMs?: number;
  /** People leave by any door of the venue; default: by the one that they came by. */
  readonly leavesAnywhere?: boolean;
}

/** Shortest stay and shortest way between two stays: both longer than a door's minimum dwell. */
const SHORTEST_MS = 2 * MINUTE_MS;

/** Plans one day for everybody. Groups go together, each member some seconds after the one before. */
export function createSchedule(rng: Rng, people: readonly Person[], options: ScheduleOptions): readonly Stay[] {
  const opensMs = options.opensMs ?? 7 * HOUR_MS;
  const closesMs = options.closesMs ?? 20 * HOUR_MS;
  const groups = groupsOf(people);
  const stays: Stay[] = [];
  for (const members of groups.values()) {
    let at = opensMs + rng.integer(0, 4 * 60) * MINUTE_MS;
    for (let trip = rng.integer(1, 4); trip > 0; trip -= 1) {
      const venue = rng.pick(options.doors);
      const dwellMs = Math.max(SHORTEST_MS, Math.round(45 * Math.exp(0.8 * rng.gaussian())) * MINUTE_MS);
      if (at + dwellMs + 10 * MINUTE_MS > closesMs) break;
      stays.push(...together(rng, members, { venue, fromMs: at, toMs: at + dwellMs }, options));
      at += dwellMs + rng.integer(5, 90) * MINUTE_MS;
    }
  }
  return stays.sort((a, b) => a.fromMs - b.fromMs || a.person - b.person);
}

function together(
  rng: Rng,
  members: readonly Person[],
  plan: Omit<Stay, "person" | "door">,
  { doors, leavesAnywhere = false }: ScheduleOptions,
): Stay[] {
  const ways = [...doors.keys()].filter((door) => doors[door] === plan.venue);
  return members.map((person, rank) => ({
    person: person.index,
    venue: plan.venue,
    door: rng.pick(ways),
    ...(leavesAnywhere && { doorOut: rng.pick(ways) }),
    fromMs: plan.fromMs + (rank * 4 + rng.integer(0, 3)) * SECOND_MS,
    toMs: plan.toMs + (rank * 4 + rng.integer(0, 3)) * SECOND_MS,
  }));
}

function groupsOf(people: readonly Person[]): Map<number, Person[]> {
  const groups = new Map<number, Person[]>();
  for (const person of people) groups.set(person.group, [...(groups.get(person.group) ?? []), person]);
  return groups;
}
