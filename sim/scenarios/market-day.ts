import { HOUR_MS } from "../../protocol/units.ts";
import { createPeople } from "../world/people.ts";
import { createSchedule } from "../world/schedule.ts";
import { townOf, venueNumbers } from "./places.ts";
import type { Scenario } from "./scenario.ts";

/** Everybody comes before noon, families together, and doors have queues; whoever came by one door may leave by another. */
export const marketDay: Scenario = {
  name: "market-day",
  about: "a market morning: families, queues, and everybody before noon",
  size: { kiosks: 6, people: 600 },
  onWire: true,
  plan({ kiosks, people: count }, rng) {
    const { venues, doors } = townOf(kiosks, "market");
    const people = createPeople(rng.fork("people"), count);
    const hours = { opensMs: 5 * HOUR_MS, closesMs: 13 * HOUR_MS, leavesAnywhere: true };
    const stays = createSchedule(rng.fork("schedule"), people, { doors: venueNumbers(venues, doors), ...hours });
    return { venues, doors, people, stays };
  },
};
