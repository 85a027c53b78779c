import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "../../protocol/units.ts";
import { createPeople } from "../world/people.ts";
import type { Stay } from "../world/schedule.ts";
import { houseOf } from "./places.ts";
import { expectThat, type Scenario, type World } from "./scenario.ts";

/** After the longest stay of whoever came last, before anybody comes again. */
const NIGHT_MS = DAY_MS + 5 * HOUR_MS;

/** Two working days of an office; on the first, every third person goes home without a scan. */
export const forgottenCheckouts: Scenario = {
  name: "forgotten-checkouts",
  about: "an office over two days: a third forgets to check out, and comes again in the morning",
  size: { kiosks: 3, people: 400 },
  overlapsMayDiffer: true, // nobody knows when they left: who came after may be named with them
  plan({ kiosks, people: count }, rng) {
    const { venues, doors } = houseOf("Trụ sở UBND Rạch Giá", kiosks, "office");
    const people = createPeople(rng.fork("people"), count);
    const draw = rng.fork("schedule");
    const stays = people.flatMap(({ index: person }): Stay[] => {
      const door = draw.integer(0, kiosks - 1);
      return [0, DAY_MS].map((dayMs) => {
        const fromMs = dayMs + draw.integer(7 * 60, 10 * 60) * MINUTE_MS + draw.integer(0, 59) * SECOND_MS;
        const toMs = fromMs + draw.integer(30, 8 * 60) * MINUTE_MS;
        return { person, venue: 0, door, fromMs, toMs, ...(dayMs === 0 && person % 3 === 0 && { isForgotten: true }) };
      });
    });
    const faults = [{ atMs: NIGHT_MS, strike: countInside, isRoutine: true }];
    return { venues, doors, people, stays: stays.sort((a, b) => a.fromMs - b.fromMs || a.person - b.person), faults };
  },
  async check({ site, plan, notes }, { visitOverlap }) {
    const codes = [...site.answers.values()].flatMap((answers) => answers.map((answer) => answer?.code));
    const times = (code: string): number => codes.filter((one) => one === code).length;
    const seen = plan.stays.filter(({ isForgotten }) => !isForgotten).length;
    return [
      expectThat("everybody is welcomed, each day", times("in_ok") === plan.stays.length, times("in_ok")),
      expectThat("only who was seen to leave is checked out", times("out_ok") === seen, times("out_ok")),
      expectThat("nobody counts as inside over night", notes.get("inside") === 0, notes.get("inside")),
      expectThat("who was there together is named, be it as possible", visitOverlap.recall === 1, visitOverlap.recall),
    ];
  },
};

async function countInside({ site, notes }: World): Promise<void> {
  notes.set(
    "inside",
    site.kiosks.reduce((sum, { status }) => sum + status.inside, 0),
  );
}
