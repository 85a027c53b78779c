import type { PersonKey, VenueId } from "../../protocol/ids.ts";
import type { EndReason, StartReason, VenueNumber } from "../visits/visit.ts";
import type { Clash, Clashes, Conflict } from "./conflicts.ts";
import { certainMinutes, coveredMs, type Overlap, possibleMinutes, type Stretch } from "./overlap.ts";
import type { StoredSlice, StoredUndated, VisitEnd } from "./visit-store.ts";

/** What the log shows of one person's stay beside one visit of the case: evidence, no verdict. */
export interface Contact {
  readonly person: PersonKey;
  readonly venue: VenueId;
  /** Name in the registry of venues, or null. */
  readonly venueName: string | null;
  /** Doors at which this person was scanned for this stay. */
  readonly gates: readonly number[];
  /** First and last instant at which both may have been there; null when the time is unknown. */
  readonly from: number | null;
  readonly to: number | null;
  /** Minutes that both were there for certain, rounded down to a tenth. */
  readonly minutesCertain: number;
  /** Minutes that both may have been there, rounded up to a tenth; null when nothing bounds it. */
  readonly minutesPossible: number | null;
  /** How each end of this person's stay is known. */
  readonly start: VisitEnd<StartReason>;
  readonly end: VisitEnd<EndReason>;
  /** Whether an end was inferred: nobody scanned it. */
  readonly inferred: { readonly start: boolean; readonly end: boolean };
  /** Unnamed people who came along: ask the holder. */
  readonly party: number;
  /** One of the two clocks was not known to within half an hour: no minutes are certain. */
  readonly timeUnknown: boolean;
  /** Where the same person was seen meanwhile, in order of time: both cannot be right. */
  readonly conflicts: readonly Conflict[];
  /** How the case's own stay is known: from the door's log, because its token or phone was heard, or by its phone's own word. */
  readonly beside: "scan" | "radio" | "claim";
}

/** Everything beside one person, over all places. What overlaps in time is counted once. */
export interface ContactPerson {
  readonly person: PersonKey;
  readonly venues: readonly VenueId[];
  readonly minutesCertain: number;
  /** Without the stays whose time is unknown. */
  readonly minutesPossible: number;
  readonly timeUnknown: boolean;
  /** One of the stays contradicts another of this person: ask before anything else is done. */
  readonly conflict: boolean;
}

/** One pair of visits with all that their slices share. */
export interface Meeting {
  readonly slice: StoredSlice;
  readonly beside: Contact["beside"];
  readonly possible: Stretch[];
  readonly certain: Stretch[];
}

/** Meetings by the pair of visits: slices of one pair belong together. */
export class Meetings {
  readonly #pairs = new Map<string, Meeting>();

  add(own: StoredSlice, other: StoredSlice, overlap: Overlap): void {
    const name = `${other.person}/${other.venue}/${other.visitFrom}/${other.start.gate}/${own.visitFrom}`;
    const meeting = this.#pairs.get(name) ?? { slice: other, beside: besideOf(own), possible: [], certain: [] };
    this.#pairs.set(name, meeting);
    meeting.possible.push(overlap.possible);
    if (overlap.certain) meeting.certain.push(overlap.certain);
  }

  all(): readonly Meeting[] {
    return [...this.#pairs.values()];
  }
}

/** How a stay of the case is known. */
export function besideOf({ start, end }: StoredSlice | StoredUndated): Contact["beside"] {
  const known = [start.evidence, end.evidence];
  return known.includes("radio") ? "radio" : known.includes("claim") ? "claim" : "scan";
}

/** Names a venue for people. */
export type VenueNaming = (venue: VenueNumber) => { readonly venue: VenueId; readonly name: string | null };

/** What a contact is told with. */
export interface Telling {
  readonly naming: VenueNaming;
  readonly clashes: Clashes;
}

/** A contact from a meeting of two dated visits. */
export function datedContact({ slice, beside, possible, certain }: Meeting, telling: Telling): Contact {
  return {
    ...commonOf(slice, telling),
    beside,
    from: Math.min(...possible.map(({ from }) => from)),
    to: Math.max(...possible.map(({ to }) => to)),
    minutesCertain: certainMinutes(coveredMs(certain)),
    minutesPossible: possibleMinutes(coveredMs(possible)),
    timeUnknown: false,
  };
}

/** A stay of somebody beside one of the case, with nothing sure but the place. */
export interface UnsureStay {
  readonly stay: StoredSlice | StoredUndated;
  /** Longest that both can have been there, milliseconds, or infinity. */
  readonly boundMs: number;
  readonly beside: Contact["beside"];
}

/** A contact of which only the place is sure. */
export function undatedContact({ stay, boundMs, beside }: UnsureStay, telling: Telling): Contact {
  return {
    ...commonOf(stay, telling),
    beside,
    from: null,
    to: null,
    minutesCertain: 0,
    minutesPossible: Number.isFinite(boundMs) ? possibleMinutes(boundMs) : null,
    timeUnknown: true,
  };
}

function commonOf(
  stay: StoredSlice | StoredUndated,
  { naming, clashes }: Telling,
): Omit<Contact, "from" | "to" | "minutesCertain" | "minutesPossible" | "timeUnknown" | "beside"> {
  const { venue, name } = naming(stay.venue);
  const { start, end, party, person } = stay;
  const gates = [...new Set([start.gate, end.gate].filter((gate) => gate !== null))];
  const inferred = { start: start.reason !== "explicit", end: end.reason !== "explicit" };
  const conflicts = "visitFrom" in stay ? clashes.of(stay).map((clash) => conflictOf(clash, naming)) : [];
  return { person, venue, venueName: name, gates, start, end, inferred, party, conflicts };
}

function conflictOf({ elsewhere, during }: Clash, naming: VenueNaming): Conflict {
  const { venue, name } = naming(elsewhere.venue);
  return { venue, venueName: name, ...during };
}

/** The strongest evidence first: certain minutes, then possible ones, then the key, so that equal runs print equal lists. */
export function byEvidence(
  left: Pick<Contact, "person" | "minutesCertain" | "minutesPossible">,
  right: Pick<Contact, "person" | "minutesCertain" | "minutesPossible">,
): number {
  return (
    right.minutesCertain - left.minutesCertain ||
    (right.minutesPossible ?? -1) - (left.minutesPossible ?? -1) ||
    (left.person < right.person ? -1 : left.person > right.person ? 1 : 0)
  );
}

/** Sums contacts up by person. @param meetings those of the dated contacts */
export function sumByPerson(contacts: readonly Contact[], meetings: readonly Meeting[]): readonly ContactPerson[] {
  const stretches = new Map<PersonKey, { possible: Stretch[]; certain: Stretch[] }>();
  for (const { slice, possible, certain } of meetings) {
    const sums = stretches.get(slice.person) ?? { possible: [], certain: [] };
    stretches.set(slice.person, sums);
    sums.possible.push(...possible);
    sums.certain.push(...certain);
  }
  const persons = new Map<PersonKey, { venues: Set<VenueId>; timeUnknown: boolean; conflict: boolean }>();
  for (const { person, venue, timeUnknown, conflicts } of contacts) {
    const sums = persons.get(person) ?? { venues: new Set(), timeUnknown: false, conflict: false };
    persons.set(person, sums);
    sums.venues.add(venue);
    sums.timeUnknown ||= timeUnknown;
    sums.conflict ||= conflicts.length > 0;
  }
  return [...persons]
    .map(([person, { venues, timeUnknown, conflict }]) => ({
      person,
      venues: [...venues].sort(),
      minutesCertain: certainMinutes(coveredMs(stretches.get(person)?.certain ?? [])),
      minutesPossible: possibleMinutes(coveredMs(stretches.get(person)?.possible ?? [])),
      timeUnknown,
      conflict,
    }))
    .sort(byEvidence);
}
