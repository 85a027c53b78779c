/** Which way a door works. `exit` only checks out; the others let a scan toggle. Border and staff rules come with declarations. */
export type DoorProfile = "entrance" | "exit";

/** What a venue decides about its door. Times in milliseconds. */
export interface AdmissionPolicy {
  readonly profile: DoorProfile;
  /** The same code within this time of its last answer is the same gesture: nothing happens. */
  readonly repeatIgnoredMs: number;
  /** Before this time since the last event of the same visitor a scan says "already"; after it, it toggles. */
  readonly minimumDwellMs: number;
  /** Most people inside, or null for no limit. */
  readonly capacity: number | null;
  /** How long a bare number (1-9) waits for its card, or may still be added to the visitor just admitted. */
  readonly partyWindowMs: number;
}

/** Timings of reference A2; capacity open. */
export const DEFAULT_POLICY: AdmissionPolicy = {
  profile: "entrance",
  repeatIgnoredMs: 5_000,
  minimumDwellMs: 60_000,
  capacity: null,
  partyWindowMs: 15_000,
};
