import { HOUR_MS } from "../../protocol/units.ts";
import { createPeople } from "../world/people.ts";
import { createSchedule } from "../world/schedule.ts";
import { townOf, venueNumbers } from "./places.ts";
import { expectThat, type Scenario, type World } from "./scenario.ts";

/** The radios of all doors die at nine and come back at eleven; scanning must not notice. */
export const radioDeath: Scenario = {
  name: "radio-death",
  about: "every radio dies for two hours: the doors scan on, say so, and are beacons again afterwards",
  size: { kiosks: 4, people: 400 },
  plan({ kiosks, people: count }, rng) {
    const { venues, doors } = townOf(kiosks);
    const people = createPeople(rng.fork("people"), count);
    const stays = createSchedule(rng.fork("schedule"), people, { doors: venueNumbers(venues, doors) });
    const faults = [
      { atMs: 9 * HOUR_MS, strike: (world: World) => setRadios(world, false) },
      { atMs: 11 * HOUR_MS - 1, strike: async (world: World) => note(world, "dead") },
      { atMs: 11 * HOUR_MS, strike: (world: World) => setRadios(world, true) },
      { atMs: 12 * HOUR_MS, strike: async (world: World) => note(world, "alive") },
    ];
    return { venues, doors: doors.map((door) => ({ ...door, radio: {} })), people, stays, faults };
  },
  async check({ notes, site }) {
    const doors = site.kiosks.length;
    const [dead, alive] = [notes.get("dead"), notes.get("alive")];
    return [
      expectThat("no door claims a beacon while its radio is dead", dead === 0, `${dead} of ${doors}`),
      expectThat("every door is a beacon again afterwards", alive === doors, `${alive} of ${doors}`),
    ];
  },
};

async function setRadios({ site }: World, alive: boolean): Promise<void> {
  for (const { radio } of site.kiosks) {
    for (const half of radio ? [radio.beacon, radio.ear] : []) {
      if (alive) half.plug();
      else half.unplug();
    }
  }
}

/** Notes how many doors say that their controller advertises. */
function note({ site, notes }: World, name: string): void {
  notes.set(name, site.kiosks.filter(({ status }) => status.radio.beacon.controller === "on").length);
}
