import type { Delivery } from "../report/delivery.ts";
import type { CertainMinutes, Score } from "../report/truth.ts";
import type { Assertion } from "../scenarios/scenario.ts";

/** What a run of a scenario found. Everything but `timing` is the same for the same seed and size. */
export interface ScenarioReport {
  readonly scenario: string;
  readonly seed: string;
  readonly people: number;
  readonly kiosks: number;
  readonly stays: number;
  readonly cases: number;
  /** Rows of which a screen said that they are recorded. */
  readonly accepted: number;
  /** Of these, rows that the engine holds. */
  readonly stored: number;
  /** Accepted rows that are neither stored nor named by a tombstone. */
  readonly lost: number;
  readonly duplicated: number;
  /** Accepted rows that a tombstone names. */
  readonly tombstoned: number;
  /** Who was at a place at the same time, found by the engine against the world's truth: a check of the software. */
  readonly visitOverlap: Score;
  /** Minutes together that the engine calls certain, at worst against the truth. */
  readonly certainMinutes: CertainMinutes;
  /** Who was within 2 m for 15 minutes, as far as a door log can know: printed, no target. */
  readonly contact2m15: Score;
  readonly assertions: readonly Assertion[];
  readonly timing: Delivery & {
    /** Most rows that one kiosk had and the engine had not confirmed; absent where real processes ran. */
    readonly mostUnsent?: number;
    readonly scanToAnswerP50Ms: number;
    readonly scanToAnswerP99Ms: number;
    readonly wallSeconds: number;
    readonly speedup: number;
  };
}

/** Whether everything that must hold held. */
export function passed({ assertions }: Pick<ScenarioReport, "assertions">): boolean {
  return assertions.every(({ ok }) => ok);
}
