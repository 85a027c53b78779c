import type { Engine } from "../../engine/app.ts";
import { DAY_MS, SITE_UTC_OFFSET_MS, type WallMs } from "../../protocol/units.ts";
import { rounded } from "../report/timing.ts";
import { pairOf, type Score, scoreOf, trueContacts, trueOverlaps, trueTouches } from "../report/truth.ts";
import { createRng, type Rng } from "../rng.ts";
import type { Plan } from "../scenarios/scenario.ts";
import { documentOf } from "../world/documents.ts";
import type { Person } from "../world/people.ts";
import { createWalks } from "../world/rooms.ts";
import type { Stay } from "../world/schedule.ts";

const CASES = 10;
/** Half a second: below the second that the world's events are planned in, above the doubt of a set clock. */
const OVERLAP_MINUTES = 0.5 / 60;

export interface Day {
  readonly engine: Engine;
  readonly plan: Plan;
  /** Stays as they came to be. */
  readonly stays: readonly Stay[];
  readonly rng: Rng;
  readonly midnight: WallMs;
}

/** Makes some people cases, lets the engine trace them, and holds the answer against the truth. */
export async function scoreDay(day: Day): Promise<{ cases: number; visitOverlap: Score; contact2m15: Score }> {
  const { engine, plan, stays, rng } = day;
  const byKey = new Map(plan.people.map((person) => [engine.personOf(documentOf(person)), person.index]));
  const went = [...new Set(stays.map(({ person }) => person))].sort((a, b) => a - b);
  const draw = rng.fork("cases");
  const cases = new Set(Array.from({ length: CASES }, () => draw.pick(went)));
  const daysBefore = Math.ceil(Math.max(...stays.map(({ toMs }) => toMs)) / DAY_MS);
  const sample = new Date(day.midnight + SITE_UTC_OFFSET_MS + (daysBefore - 1) * DAY_MS).toISOString().slice(0, 10);
  const met = new Set<string>();
  const close = new Set<string>();
  for (const index of cases) {
    const documents = [documentOf(plan.people[index] as Person)];
    const { id } = await engine.addCase({ documents, sample });
    for (const { person, minutesCertain, minutesPossible } of (await engine.trace(id, { daysBefore })).persons) {
      const other = byKey.get(person);
      if (other === undefined) continue;
      if ((minutesCertain + minutesPossible) / 2 >= OVERLAP_MINUTES) met.add(pairOf(index, other));
      if (minutesCertain >= 15) close.add(pairOf(index, other));
    }
  }
  const overlaps = trueOverlaps(stays, cases);
  for (const pair of trueTouches(stays, cases)) if (!overlaps.has(pair)) met.delete(pair);
  const walks = createWalks(createRng("rooms"), plan.people, stays);
  return {
    cases: cases.size,
    visitOverlap: roundScore(scoreOf(met, overlaps)),
    contact2m15: roundScore(scoreOf(close, trueContacts(stays, walks, cases))),
  };
}

function roundScore({ recall, precision }: Score): Score {
  return { recall: rounded(recall, 4), precision: rounded(precision, 4) };
}
