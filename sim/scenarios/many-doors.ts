import { HOUR_MS, MINUTE_MS } from "../../protocol/units.ts";
import { createPeople } from "../world/people.ts";
import { createSchedule, type Stay } from "../world/schedule.ts";
import { houseOf } from "./places.ts";
import { expectThat, type Scenario, type World } from "./scenario.ts";

/** The last door is cut off for a while: people come in by it meanwhile, and leave by any door later. */
const CUT_MS = 10 * HOUR_MS;
const MENDED_MS = 11 * HOUR_MS;
const COUNTED_MS = 12 * HOUR_MS + 1;

/** One house: whoever comes by one door leaves by another, and every door counts the same people inside. */
export const manyDoors: Scenario = {
  name: "many-doors",
  about: "one house with many doors: in by one, out by another, while one of them is cut off for an hour",
  size: { kiosks: 6, people: 600 },
  plan({ kiosks, people: count }, rng) {
    const { venues, doors } = houseOf("Chợ Dương Đông", kiosks, "market");
    const people = createPeople(rng.fork("people"), count);
    const ways = { doors: doors.map(() => 0), leavesAnywhere: true };
    const stays = createSchedule(rng.fork("schedule"), people, ways).filter(canBeKnown);
    const faults = [
      { atMs: CUT_MS, strike: (world: World) => setLastDoor(world, false) },
      { atMs: MENDED_MS, strike: (world: World) => setLastDoor(world, true) },
      { atMs: COUNTED_MS, strike: countInside, isRoutine: true },
    ];
    return { venues, doors, people, stays, faults };
  },
  async check({ site, plan, notes }) {
    const codes = [...site.answers.values()].flatMap((answers) => answers.map((answer) => answer?.code));
    const times = (code: string): number => codes.filter((one) => one === code).length;
    const crossed = plan.stays.filter(({ door, doorOut }) => door !== doorOut).length;
    const inside = plan.stays.filter(({ fromMs, toMs }) => fromMs < COUNTED_MS && COUNTED_MS < toMs).length;
    const counted = notes.get("inside") as readonly number[];
    const left = site.kiosks.map(({ status }) => status.inside);
    return [
      expectThat("people leave by another door than they came by", crossed > 0, crossed),
      expectThat("everybody is welcomed once a stay", times("in_ok") === plan.stays.length, times("in_ok")),
      expectThat("everybody is checked out, by whatever door", times("out_ok") === plan.stays.length, times("out_ok")),
      expectThat(
        "every door counts who is inside",
        counted.every((one) => one === inside),
        `${counted} of ${inside}`,
      ),
      expectThat(
        "in the end nobody is",
        left.every((one) => one === 0),
        left,
      ),
    ];
  },
};

/** Nobody leaves while a door is cut off, or before it has told the others: then no door could know. */
function canBeKnown({ toMs }: Stay): boolean {
  return toMs < CUT_MS || toMs > MENDED_MS + MINUTE_MS;
}

function setLastDoor({ site }: World, isUp: boolean): Promise<void> {
  return site.setLink(site.kiosks.length - 1, isUp);
}

async function countInside({ site, notes }: World): Promise<void> {
  notes.set(
    "inside",
    site.kiosks.map(({ status }) => status.inside),
  );
}
