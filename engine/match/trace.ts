import type { PersonKey } from "../../protocol/ids.ts";
import type { Sql } from "../../runtime/sqlite/database.ts";
import type { HeardStay } from "../radio/heard-stays.ts";
import { venueIdOf } from "../store/venue-number.ts";
import { findVenues } from "../store/venues.ts";
import type { VenueNumber, Visit } from "../visits/visit.ts";
import { Clashes } from "./conflicts.ts";
import {
  besideOf,
  byEvidence,
  type Contact,
  type ContactPerson,
  datedContact,
  Meetings,
  sumByPerson,
  type Telling,
  undatedContact,
  type VenueNaming,
} from "./contact.ts";
import { overlapOf } from "./overlap.ts";
import { type HeardVisit, heardVisit, sliceOfHeard, type TokenContact, tokensBeside } from "./radio-evidence.ts";
import { besideDated, besideUndated, longestWithin, strongest } from "./unsure-stays.ts";
import {
  claimedSlices,
  type StoredSlice,
  type StoredUndated,
  slicesAtVenue,
  slicesOfPersons,
  undatedOfPersons,
  type Window,
} from "./visit-store.ts";

/** Whose contacts are sought, and when those persons may have infected others. */
export interface TraceQuery {
  /** The keys of one person. */
  readonly persons: readonly PersonKey[];
  readonly window: Window;
  /** Where keys of the person were heard. */
  readonly heard?: Heard;
  /** Where a phone of the person says that it was. */
  readonly claimed?: readonly Visit[];
}

/** Stays in which the case's own keys were heard, and the sessions that they are made of. */
export interface Heard {
  readonly stays: readonly HeardStay[];
  readonly sessions: ReadonlySet<number>;
}

const NOTHING_HEARD: Heard = { stays: [], sessions: new Set() };

/** Everyone who shared a place with the case, with the evidence. */
export interface TraceAnswer {
  /** Visits of the case within the window. */
  readonly visits: readonly Contact[];
  /** One entry a stay beside the case, strongest evidence first. */
  readonly contacts: readonly Contact[];
  /** The same, summed by person. */
  readonly persons: readonly ContactPerson[];
  /** Where the case's own keys were heard, in order of time. */
  readonly heard: readonly HeardVisit[];
  /** Tokens that were heard beside the case, longest first; of a wearer who takes part in automatic check-in the key is known. */
  readonly tokens: readonly TokenContact[];
  /** Further tokens beside the case that the list leaves out. */
  readonly tokensOmitted: number;
}

/** Finds every stay that overlaps a visit of the case at the same venue. Run {@link VisitBuilder.settle} first. */
export async function traceContacts(sql: Sql, query: TraceQuery): Promise<TraceAnswer> {
  const { own, undated } = await ownStays(sql, query);
  const { heard = NOTHING_HEARD, persons } = query;
  const all = [...own, ...heardSlices(heard, query.window)];
  const meetings = await meet(sql, query, all);
  const unsure = [...(await besideDated(sql, query, all)), ...(await besideUndated(sql, query, undated))];
  const seen = [
    ...persons,
    ...meetings.all().map(({ slice }) => slice.person),
    ...unsure.map(({ stay }) => stay.person),
  ];
  const telling = await tellingOf(sql, { ...query, persons: seen }, [...own, ...undated, ...heard.stays]);
  const { naming } = telling;
  const contacts = [
    ...meetings.all().map((meeting) => datedContact(meeting, telling)),
    ...strongest(unsure.map((stay) => undatedContact(stay, telling))),
  ].sort(byEvidence);
  return {
    visits: describeStays({ own, undated }, telling, query.window),
    contacts,
    persons: sumByPerson(contacts, meetings.all()),
    heard: heard.stays.map((stay) => heardVisit(stay, naming)),
    ...(await tokensBeside(sql, { stays: all, ownSessions: heard.sessions, persons, naming })),
  };
}

function heardSlices({ stays }: Heard, window: Window): readonly StoredSlice[] {
  return stays.filter(({ unknown }) => !unknown).map((stay) => clip(sliceOfHeard(stay), window));
}

/** The visits of these persons within the window, in order of time; those without a time last. */
export async function listVisits(sql: Sql, query: TraceQuery): Promise<readonly Contact[]> {
  const stays = await ownStays(sql, query);
  return describeStays(stays, await tellingOf(sql, query, [...stays.own, ...stays.undated]), query.window);
}

interface OwnStays {
  readonly own: readonly StoredSlice[];
  readonly undated: readonly StoredUndated[];
}

async function ownStays(sql: Sql, query: TraceQuery): Promise<OwnStays> {
  const stored = await slicesOfPersons(sql, query.persons, query.window);
  const claimed = (query.claimed ?? []).flatMap(claimedSlices).filter((slice) => touches(slice, query.window));
  const own = [...stored, ...claimed].map((slice) => clip(slice, query.window)).sort(byTime);
  const undated = await undatedOfPersons(sql, query.persons, query.window);
  return { own, undated };
}

function describeStays({ own, undated }: OwnStays, telling: Telling, window: Window): readonly Contact[] {
  const unsure = undated.map((stay) => ({ stay, boundMs: longestWithin(window, stay), beside: besideOf(stay) }));
  return [...ownVisits(own, telling), ...unsure.map((stay) => undatedContact(stay, telling))];
}

function touches({ outerFrom, outerTo }: StoredSlice, { from, to }: Window): boolean {
  return outerTo > from && outerFrom < to;
}

function byTime(left: StoredSlice, right: StoredSlice): number {
  return left.outerFrom - right.outerFrom || left.venue - right.venue;
}

/** What lies before or after the window does not count. */
function clip(slice: StoredSlice, { from, to }: Window): StoredSlice {
  const outerFrom = Math.max(slice.outerFrom, from);
  const innerFrom = Math.max(slice.innerFrom, from);
  return {
    ...slice,
    outerFrom,
    innerFrom,
    innerTo: Math.max(innerFrom, Math.min(slice.innerTo, to)),
    outerTo: Math.min(slice.outerTo, to),
  };
}

async function meet(sql: Sql, query: TraceQuery, own: readonly StoredSlice[]): Promise<Meetings> {
  const meetings = new Meetings();
  for (const slice of own) {
    const others = await slicesAtVenue(sql, slice.venue, { from: slice.outerFrom, to: slice.outerTo });
    for (const other of others) {
      const overlap = query.persons.includes(other.person) ? null : overlapOf(slice, other);
      if (overlap) meetings.add(slice, other, overlap);
    }
  }
  return meetings;
}

/** The case's own visits, slices joined. */
function ownVisits(own: readonly StoredSlice[], telling: Telling): readonly Contact[] {
  const meetings = new Meetings();
  for (const slice of own) {
    const overlap = overlapOf(slice, slice);
    if (overlap) meetings.add(slice, slice, overlap);
  }
  return meetings.all().map((meeting) => datedContact(meeting, telling));
}

/** What stays are told with. @param query whose stays are held against each other, and when */
async function tellingOf(
  sql: Sql,
  { persons, window }: Pick<TraceQuery, "persons" | "window">,
  stays: readonly { readonly venue: VenueNumber }[],
): Promise<Telling> {
  const clashes = await Clashes.read(sql, persons, window);
  return { clashes, naming: await namingOf(sql, [...stays, ...clashes.all.map(({ elsewhere }) => elsewhere)]) };
}

async function namingOf(sql: Sql, stays: readonly { readonly venue: VenueNumber }[]): Promise<VenueNaming> {
  const registered = await findVenues(
    sql,
    stays.map(({ venue }) => venue),
  );
  return (venue) => ({ venue: venueIdOf(venue), name: registered.get(venue)?.name ?? null });
}
