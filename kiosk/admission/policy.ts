import { HOUR_MS } from "../../protocol/units.ts";

/** Which way a door works. `exit` only checks out; the others let a scan toggle. Border and staff rules come with declarations. */
export type DoorProfile = "entrance" | "exit";

/** What a venue decides about its door. Times in milliseconds. */
export interface AdmissionPolicy {
  readonly profile: DoorProfile;
  /** The same code within this time of its last answer is the same gesture: nothing happens. */
  readonly repeatIgnoredMs: number;
  /** Before this time since the last event of the same visitor a scan says "already"; after it, it toggles. */
  readonly minimumDwellMs: number;
  /** After this time a visitor who was not seen to leave counts as gone: his next scan checks in. */
  readonly maximumStayMs: number;
  /** Most people inside, or null for no limit. */
  readonly capacity: number | null;
  /** How long a bare number (1-9) waits for its card, or may still be added to the visitor just admitted. */
  readonly partyWindowMs: number;
}

/** Timings of reference A2; the longest stay of a place of unknown kind, as the engine pairs it; capacity open. */
export const DEFAULT_POLICY: AdmissionPolicy = {
  profile: "entrance",
  repeatIgnoredMs: 5_000,
  minimumDwellMs: 60_000,
  maximumStayMs: 16 * HOUR_MS,
  capacity: null,
  partyWindowMs: 15_000,
};
