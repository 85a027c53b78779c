import type { RadioScheme } from "../../protocol/checkin/presence.ts";
import type { Dbm } from "../../protocol/units.ts";

/** When the radio listens: all the time, or now and then because it shares its adapter with the beacon. */
export type ListeningPlan =
  | { readonly kind: "always" }
  | { readonly kind: "windows"; readonly everyMs: number; readonly forMs: number };

/** What keeps passers-by out of the record. */
export interface PresenceGates {
  /** Shortest time from the first to the last sighting, milliseconds. */
  readonly minimumDwellMs: number;
  /** The strongest sighting must reach this. */
  readonly minimumRssi: Dbm;
}

/** How a kiosk uses its radio. */
export interface RadioSettings {
  readonly plan: ListeningPlan;
  readonly gates: PresenceGates;
  /** What is recorded beside tokens; the authority decides that (trust.json). */
  readonly observe: readonly Exclude<RadioScheme, "token">[];
  /** Power that the beacon says it sends with; null when unknown. */
  readonly txPower: Dbm | null;
}

/** A radio that both sends and listens does the second for 5 seconds in each 5 minutes. */
export const SHARED_PLAN: ListeningPlan = { kind: "windows", everyMs: 300_000, forMs: 5_000 };

/** Defaults: a minute within a room's reach. */
export const DEFAULT_GATES: PresenceGates = { minimumDwellMs: 60_000, minimumRssi: -85 as Dbm };

/** Silence that ends a session: with windows, one that missed the sender and the next; else two minutes. */
export function sessionGapMs(plan: ListeningPlan): number {
  return plan.kind === "always" ? 120_000 : 2 * plan.everyMs + plan.forMs;
}
