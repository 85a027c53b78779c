import { HOUR_MS } from "../../protocol/units.ts";
import { createPeople } from "../world/people.ts";
import { createSchedule } from "../world/schedule.ts";
import { houseOf } from "./places.ts";
import { expectThat, type Scenario, type World } from "./scenario.ts";

/** The last door hears nothing of the others for most of the day, while people come and go by all of them. */
const CUT_MS = 9 * HOUR_MS;
const MENDED_MS = 16 * HOUR_MS;

/** One house whose doors guess: a leaving by one is an arrival for another that knows nothing of it. */
export const unlinkedDoors: Scenario = {
  name: "unlinked-doors",
  about:
    "one house, one of its doors cut off for seven hours: ins and outs are swapped, and nothing wrong may be certain",
  size: { kiosks: 3, people: 400 },
  overlapsMayDiffer: true,
  plan({ kiosks, people: count }, rng) {
    const { venues, doors } = houseOf("Bến tàu Rạch Giá", kiosks, "market");
    const people = createPeople(rng.fork("people"), count);
    const stays = createSchedule(rng.fork("schedule"), people, { doors: doors.map(() => 0), leavesAnywhere: true });
    const faults = [
      { atMs: CUT_MS, strike: (world: World) => setLastDoor(world, false) },
      { atMs: MENDED_MS, strike: (world: World) => setLastDoor(world, true) },
    ];
    return { venues, doors, people, stays, faults };
  },
  check({ site, plan }, { visitOverlap }) {
    const codes = [...site.answers.values()].flatMap((answers) => answers.map((answer) => answer?.code));
    const welcomed = codes.filter((one) => one === "in_ok").length;
    return Promise.resolve([
      expectThat(
        "doors took leavings for arrivals",
        welcomed > plan.stays.length,
        `${welcomed} of ${plan.stays.length}`,
      ),
      expectThat("who was there together is named, be it as possible", visitOverlap.recall === 1, visitOverlap.recall),
    ]);
  },
};

function setLastDoor({ site }: World, isUp: boolean): Promise<void> {
  return site.setLink(site.kiosks.length - 1, isUp);
}
