import type { Engine } from "../../engine/app.ts";
import type { VenueId } from "../../protocol/ids.ts";
import type { CertainMinutes, Score } from "../report/truth.ts";
import type { Rng } from "../rng.ts";
import type { DoorSpec } from "../site/door-spec.ts";
import type { VirtualSite } from "../site/virtual-site.ts";
import type { VirtualTime } from "../time/virtual-time.ts";
import type { Person } from "../world/people.ts";
import type { Stay } from "../world/schedule.ts";

/** How large a world is. */
export interface Size {
  readonly kiosks: number;
  readonly people: number;
}

export interface VenuePlan {
  readonly venue: VenueId;
  readonly name: string;
  /** Kind of place, as the engine's table of stays knows it. */
  readonly type: string;
}

/** Something that goes wrong, or right again. */
export interface Fault {
  /** Milliseconds from the world's midnight. */
  readonly atMs: number;
  readonly strike: (world: World) => Promise<void>;
  /** Strikes all the time and mostly does nothing: it is left out of the log. */
  readonly isRoutine?: boolean;
}

/** What is planned: places, people, where they go, and what goes wrong. */
export interface Plan {
  readonly venues: readonly VenuePlan[];
  /** Each door's venue is one of `venues`. */
  readonly doors: readonly DoorSpec[];
  readonly people: readonly Person[];
  readonly stays: readonly Stay[];
  /** When the world begins, milliseconds from midnight; default: half an hour before the first visitor. */
  readonly beginsMs?: number;
  readonly faults?: readonly Fault[];
}

/** A running world, for faults and for checks. */
export interface World {
  readonly engine: Engine;
  readonly site: VirtualSite;
  readonly time: VirtualTime;
  readonly rng: Rng;
  readonly folder: string;
  readonly plan: Plan;
  /** Things that faults leave for the check. */
  readonly notes: Map<string, unknown>;
  /** Lets this door's next visitor show his code, and takes the power away in the middle of it. */
  cutPowerInNextScan(door: number): void;
  /** Switches the door on again and lets those come who waited before it. */
  restorePower(door: number): Promise<void>;
}

/** What was found when the day was over. */
export interface Found {
  readonly accepted: number;
  readonly stored: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly tombstoned: number;
  readonly visitOverlap: Score;
  readonly certainMinutes: CertainMinutes;
  readonly gateway: Readonly<Record<string, number>>;
}

/** One thing that must hold. */
export interface Assertion {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** One day, or several, with a name: a short file in this folder. */
export interface Scenario {
  readonly name: string;
  /** One line for `sim list`. */
  readonly about: string;
  /** Full size; tests run it smaller. */
  readonly size: Size;
  /** The clocks or the cards of this scenario lose what visits are made of: overlaps and missed minutes are then printed, not asserted. */
  readonly overlapsMayDiffer?: boolean;
  /** Its cards give up check-ins that nobody has afterwards: certain minutes that never were are then rare and printed, not asserted. */
  readonly losesRows?: boolean;
  /** Its day can also be lived in real time, by processes: it has neither faults nor a check of its own. */
  readonly onWire?: boolean;
  plan(size: Size, rng: Rng): Plan;
  /** What this scenario shows, beside what holds in every one. Called before the site closes. */
  check?(world: World, found: Found): Promise<readonly Assertion[]>;
  /** Further keys of the report. */
  extra?(world: World): Readonly<Record<string, unknown>>;
}

/** Words an assertion. */
export function expectThat(name: string, ok: boolean, detail: unknown = ""): Assertion {
  return { name, ok, detail: String(detail) };
}
