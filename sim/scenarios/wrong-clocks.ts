import { HOUR_MS } from "../../protocol/units.ts";
import type { DoorSpec } from "../site/door-spec.ts";
import { createPeople } from "../world/people.ts";
import { createSchedule } from "../world/schedule.ts";
import { RIGHT_CLOCK, townOf, venueNumbers } from "./places.ts";
import { expectThat, type Scenario, type World } from "./scenario.ts";

/** Clocks as Pis without a battery have them: 1970, an hour off, drifting. */
const CLOCKS: readonly Partial<DoorSpec>[] = [
  { clock: { wallOffsetMs: null, state: "unsynced", uncertaintyMs: 0 } },
  { clock: { wallOffsetMs: -HOUR_MS, state: "unsynced", uncertaintyMs: 0 }, driftPpm: 120 },
  { clock: RIGHT_CLOCK, driftPpm: -80 },
];

/** Doors that do not know what time it is, one that drifts, one that somebody sets wrong at noon; the gateway's time mends them. */
export const wrongClocks: Scenario = {
  name: "wrong-clocks",
  about:
    "clocks that start in 1970 or an hour off, drift, and are set wrong at noon; the gateway's signed time mends them",
  size: { kiosks: 6, people: 400 },
  plan({ kiosks, people: count }, rng) {
    const { venues, doors: right } = townOf(kiosks);
    const doors = right.map((door, at) => ({ ...door, ...CLOCKS[at % CLOCKS.length] }));
    const people = createPeople(rng.fork("people"), count);
    const stays = createSchedule(rng.fork("schedule"), people, { doors: venueNumbers(venues, doors) });
    return { venues, doors, people, stays, faults: [{ atMs: 12 * HOUR_MS, strike: setWrong }] };
  },
  async check({ engine }) {
    const { timeUnknown } = await engine.stats();
    return [expectThat("the engine could date every row", timeUnknown === 0, timeUnknown)];
  },
};

async function setWrong({ site }: World): Promise<void> {
  site.kiosks[2 % site.kiosks.length]?.clock.jump(3 * HOUR_MS);
}
