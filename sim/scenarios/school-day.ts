import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../../protocol/units.ts";
import { createPeople } from "../world/people.ts";
import type { Stay } from "../world/schedule.ts";
import { houseOf } from "./places.ts";
import { expectThat, type Scenario } from "./scenario.ts";

/** A school: everybody within half an hour, half of them home for lunch, everybody out within half an hour. */
export const schoolDay: Scenario = {
  name: "school-day",
  about: "a school: everybody within half an hour, lunch at home for half of them",
  size: { kiosks: 4, people: 800 },
  plan({ kiosks, people: count }, rng) {
    const { venues, doors } = houseOf("Trường THPT An Thới", kiosks, "school");
    const people = createPeople(rng.fork("people"), count);
    const draw = rng.fork("schedule");
    const around = (hour: number): number =>
      hour * HOUR_MS + draw.integer(0, 30) * MINUTE_MS + draw.integer(0, 59) * SECOND_MS;
    const stays = people.flatMap(({ index: person }): Stay[] => {
      const stay = (fromMs: number, toMs: number): Stay => ({
        person,
        venue: 0,
        door: draw.integer(0, kiosks - 1),
        fromMs,
        toMs,
      });
      if (draw.chance(0.5)) return [stay(around(6.75), around(16.5))];
      return [stay(around(6.75), around(11)), stay(around(13), around(16.5))];
    });
    return { venues, doors, people, stays: stays.sort((a, b) => a.fromMs - b.fromMs || a.person - b.person) };
  },
  async check({ engine }, { accepted, stored }) {
    const { pending } = await engine.stats();
    return [
      expectThat("everybody's day is at the authority", accepted === stored, `${stored} of ${accepted}`),
      expectThat("no visit is left unbuilt", pending === 0, pending),
    ];
  },
};
