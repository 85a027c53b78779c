import type { Engine } from "../../engine/app.ts";
import { DAY_MS, SITE_UTC_OFFSET_MS, type WallMs } from "../../protocol/units.ts";
import { rounded } from "../report/timing.ts";
import {
  type CertainMinutes,
  certainAgainst,
  pairOf,
  type SaidOfPair,
  type Score,
  scoreOf,
  trueContacts,
  trueOverlaps,
  trueTouches,
} from "../report/truth.ts";
import { createRng, type Rng } from "../rng.ts";
import type { Plan } from "../scenarios/scenario.ts";
import { documentOf } from "../world/documents.ts";
import type { Person } from "../world/people.ts";
import { createWalks } from "../world/rooms.ts";
import type { Stay } from "../world/schedule.ts";

const CASES = 10;
/** The engine rounds what is possible up to tenths of a minute: "none for certain, at most this" claims nothing. */
const DOUBTFUL_MINUTES = 0.1;

/** How wrong a row's time may be where clocks are right: the gateway's time is good to a quarter of a second, and hours without it add to that. */
const ROW_DOUBT_MS = 1_000;

export interface Day {
  readonly engine: Engine;
  readonly plan: Plan;
  /** Stays as they came to be. */
  readonly stays: readonly Stay[];
  readonly rng: Rng;
  readonly midnight: WallMs;
  /** How far the times of `stays` may be from when the scans were, milliseconds. */
  readonly truthDoubtMs: number;
}

/** How well the engine's answers met the truth. */
export interface DayScores {
  readonly cases: number;
  readonly visitOverlap: Score;
  readonly certainMinutes: CertainMinutes;
  readonly contact2m15: Score;
}

/** Makes some people cases, lets the engine trace them, and holds the answer against the truth. */
export async function scoreDay(day: Day): Promise<DayScores> {
  const { plan, stays, rng } = day;
  const went = [...new Set(stays.map(({ person }) => person))].sort((a, b) => a - b);
  const draw = rng.fork("cases");
  const cases = new Set(Array.from({ length: CASES }, () => draw.pick(went)));
  const overlaps = trueOverlaps(stays, cases);
  const listed = await traceAll(day, cases);
  const found = listed.filter(({ pair, isClaim }) => isClaim || overlaps.has(pair)); // who really met and is listed at all was found
  const met = new Set(found.map(({ pair }) => pair));
  const close = new Set(listed.filter(({ isClose }) => isClose).map(({ pair }) => pair));
  for (const pair of trueTouches(stays, cases)) if (!overlaps.has(pair)) met.delete(pair);
  const walks = createWalks(createRng("rooms"), plan.people, stays);
  return {
    cases: cases.size,
    visitOverlap: roundScore(scoreOf(met, overlaps)),
    certainMinutes: roundMinutes(certainAgainst(listed, overlaps, { rowMs: ROW_DOUBT_MS, truthMs: day.truthDoubtMs })),
    contact2m15: roundScore(scoreOf(close, trueContacts(stays, walks, cases))),
  };
}

/** What the engine says of a case and somebody else. */
interface Listed extends SaidOfPair {
  /** They overlapped for certain, or perhaps for longer than a rounding. */
  readonly isClaim: boolean;
  /** For a quarter of an hour, for certain. */
  readonly isClose: boolean;
}

async function traceAll(
  { engine, plan, stays, midnight }: Day,
  cases: ReadonlySet<number>,
): Promise<readonly Listed[]> {
  const byKey = new Map(plan.people.map((person) => [engine.personOf(documentOf(person)), person.index]));
  const daysBefore = Math.ceil(Math.max(...stays.map(({ toMs }) => toMs)) / DAY_MS);
  const sample = new Date(midnight + SITE_UTC_OFFSET_MS + (daysBefore - 1) * DAY_MS).toISOString().slice(0, 10);
  const listed: Listed[] = [];
  for (const index of cases) {
    const { id } = await engine.addCase({ documents: [documentOf(plan.people[index] as Person)], sample });
    for (const { person, minutesCertain, minutesPossible } of (await engine.trace(id, { daysBefore })).persons) {
      const other = byKey.get(person);
      if (other === undefined) continue;
      const isClaim = minutesCertain > 0 || minutesPossible > DOUBTFUL_MINUTES;
      listed.push({ pair: pairOf(index, other), minutesCertain, isClaim, isClose: minutesCertain >= 15 });
    }
  }
  return listed;
}

function roundMinutes({ beyondTruth, missed }: CertainMinutes): CertainMinutes {
  return { beyondTruth: rounded(beyondTruth, 2), missed: rounded(missed, 2) };
}

function roundScore({ recall, precision }: Score): Score {
  return { recall: rounded(recall, 4), precision: rounded(precision, 4) };
}
