import { HOUR_MS } from "../../protocol/units.ts";
import { createPeople } from "../world/people.ts";
import { createSchedule } from "../world/schedule.ts";
import { townOf, venueNumbers } from "./places.ts";
import { expectThat, type Scenario, type World } from "./scenario.ts";

/** Two hours without the gateway at every door, within four hours in which the gateway has no way to the engine. */
export const gatewayPartition: Scenario = {
  name: "gateway-partition",
  about: "no door reaches the gateway for two hours, and the gateway no engine for four",
  size: { kiosks: 6, people: 600 },
  plan({ kiosks, people: count }, rng) {
    const { venues, doors } = townOf(kiosks);
    const people = createPeople(rng.fork("people"), count);
    const stays = createSchedule(rng.fork("schedule"), people, { doors: venueNumbers(venues, doors) });
    const faults = [
      { atMs: 9 * HOUR_MS, strike: async ({ site }: World) => site.setEngineWay(false) },
      { atMs: 10 * HOUR_MS, strike: (world: World) => setDoors(world, false) },
      { atMs: 12 * HOUR_MS - 1, strike: noteUnsent },
      { atMs: 12 * HOUR_MS, strike: (world: World) => setDoors(world, true) },
      { atMs: 13 * HOUR_MS, strike: async ({ site }: World) => site.setEngineWay(true) },
    ];
    return { venues, doors, people, stays, faults };
  },
  async check({ notes, site }) {
    const unsent = notes.get("unsent") as number;
    const waiting = site.kiosks.filter(({ unsent }) => unsent > 0).length;
    return [
      expectThat("rows waited at the doors meanwhile", unsent > 0, unsent),
      expectThat("no row waits at the end", waiting === 0, waiting),
    ];
  },
};

async function setDoors({ site }: World, isUp: boolean): Promise<void> {
  for (const door of site.kiosks.keys()) await site.setLink(door, isUp);
}

async function noteUnsent({ site, notes }: World): Promise<void> {
  notes.set(
    "unsent",
    site.kiosks.reduce((sum, { unsent }) => sum + unsent, 0),
  );
}
