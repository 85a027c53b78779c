import { HOUR_MS, MINUTE_MS } from "../../protocol/units.ts";
import { documentOf } from "../world/documents.ts";
import type { Person } from "../world/people.ts";
import { createPeople } from "../world/people.ts";
import type { Stay } from "../world/schedule.ts";
import { houseOf } from "./places.ts";
import { expectThat, type Scenario } from "./scenario.ts";

/**
 * A ward: patients who stay over night, some until the evening after, and visitors who come for an hour.
 *
 * A door knows its visitors for two days at most; whoever leaves later must go out by a door of the profile `exit`.
 */
export const hospitalWard: Scenario = {
  name: "hospital-ward",
  about: "a ward over four days: stays longer than a slice of 12 hours, and visitors",
  size: { kiosks: 3, people: 300 },
  plan({ kiosks, people: count }, rng) {
    const { venues, doors } = houseOf("Trung tâm Y tế Phú Quốc", kiosks, "hospital");
    const people = createPeople(rng.fork("people"), count);
    const draw = rng.fork("schedule");
    const stays = people.map(({ index: person }): Stay => {
      const isPatient = person % 3 === 0;
      const fromMs = draw.integer(7 * 60, 20 * 60) * MINUTE_MS + draw.integer(0, isPatient ? 0 : 2) * 24 * HOUR_MS;
      const lastsMs = isPatient ? draw.integer(14, 28) * HOUR_MS : draw.integer(20, 90) * MINUTE_MS;
      return { person, venue: 0, door: draw.integer(0, kiosks - 1), fromMs, toMs: fromMs + lastsMs + person * 1_000 };
    });
    return { venues, doors, people, stays: stays.sort((a, b) => a.fromMs - b.fromMs || a.person - b.person) };
  },
  async check({ engine, plan }) {
    const longest = plan.stays.toSorted((a, b) => b.toMs - b.fromMs - (a.toMs - a.fromMs))[0] as Stay;
    const person = engine.personOf(documentOf(plan.people[longest.person] as Person));
    const visits = (await engine.visits([person])).filter(({ from, to }) => from !== null && to !== null);
    const lasted = Math.max(...visits.map(({ to }) => to ?? 0)) - Math.min(...visits.map(({ from }) => from ?? 0));
    const wanted = longest.toMs - longest.fromMs;
    const hours = (ms: number): string => (ms / HOUR_MS).toFixed(1);
    return [
      expectThat(
        "a stay of more than a slice is whole",
        Math.abs(lasted - wanted) < MINUTE_MS,
        `${hours(lasted)} of ${hours(wanted)} hours`,
      ),
    ];
  },
};
