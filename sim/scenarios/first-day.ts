import { utf8 } from "../../protocol/bytes.ts";
import { SECOND_MS } from "../../protocol/units.ts";
import { createPeople } from "../world/people.ts";
import { realCodes } from "../world/real-codes.ts";
import { createSchedule } from "../world/schedule.ts";
import { townOf, venueNumbers } from "./places.ts";
import { expectThat, type Scenario, type World } from "./scenario.ts";

/** What the first door made of codes that nobody here wrote. */
export interface RealCodeCounts {
  readonly shown: number;
  readonly admitted: number;
  readonly refused: number;
  readonly posters: number;
  /** A bare number: so many companions of whoever comes next. */
  readonly parties: number;
  /** Codes to which the door said nothing, or that it is out of order. */
  readonly unanswered: number;
}

const OPENS_EARLY_MS = 6.5 * 3_600 * SECOND_MS;

/** An ordinary day; before it, a tester shows the codes of real systems to the first door. */
export const firstDay: Scenario = {
  name: "first-day",
  about: "an ordinary day at a few doors, after a tester has shown the codes of real systems to one of them",
  size: { kiosks: 3, people: 100 },
  plan({ kiosks, people: count }, rng) {
    const { venues, doors } = townOf(kiosks);
    const people = createPeople(rng.fork("people"), count);
    const stays = createSchedule(rng.fork("schedule"), people, { doors: venueNumbers(venues, doors) });
    const faults = [{ atMs: OPENS_EARLY_MS, strike: showRealCodes }];
    return { venues, doors, people, stays, beginsMs: OPENS_EARLY_MS, faults };
  },
  async check({ notes }) {
    const counts = notes.get("realCodes") as RealCodeCounts;
    const { shown, admitted, refused, posters, parties } = counts;
    const answered = admitted + refused + posters + parties;
    const isEachJudged = parties === 1 && answered === shown;
    return [expectThat("every code of a real system is judged", isEachJudged, JSON.stringify(counts))];
  },
  extra: ({ notes }) => ({ realCodes: notes.get("realCodes") }),
};

/** One code a second; none of them may upset the door. */
async function showRealCodes({ site, time, notes }: World): Promise<void> {
  const counts = { shown: 0, admitted: 0, refused: 0, posters: 0, parties: 0, unanswered: 0 };
  for (const code of realCodes()) {
    await time.advanceTo(time.now() + SECOND_MS, () => site.settle());
    const answer = await site.kiosks[0]?.scan(utf8(code));
    counts.shown += 1;
    if (!answer || answer.code === "fault") counts.unanswered += 1;
    else if (answer.code === "in_ok") counts.admitted += 1;
    else if (answer.code === "poster") counts.posters += 1;
    else if (answer.code === "party_ok") counts.parties += 1;
    else counts.refused += 1;
  }
  notes.set("realCodes", counts);
}
