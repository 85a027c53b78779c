import type { PersonKey, VenueId } from "../../protocol/ids.ts";
import { DAY_MS } from "../../protocol/units.ts";
import type { Sql } from "../../runtime/sqlite/database.ts";
import { foldStays, type HeardStay } from "../radio/heard-stays.ts";
import { type StoredSession, tokensAtVenue } from "../store/presence.ts";
import { besideOf, type Contact, type VenueNaming } from "./contact.ts";
import { certainMinutes, coveredMs, type Overlap, overlapOf, possibleMinutes } from "./overlap.ts";
import type { StoredSlice } from "./visit-store.ts";

/** Signal of what was heard: a strong one was near or had a clear line; a weak one says little. */
interface Signal {
  /** Sightings. */
  readonly n: number;
  /** dBm. */
  readonly rssiMax: number;
  readonly rssiMean: number;
}

/** A stay of the case that a kiosk heard: "the case was here". */
export interface HeardVisit extends Signal {
  readonly venue: VenueId;
  readonly venueName: string | null;
  readonly gate: number;
  /** First and last instant at which it may have been heard; null when the time is unknown. */
  readonly from: number | null;
  readonly to: number | null;
  /** Minutes from the first to the last sighting, rounded down to a tenth. */
  readonly minutes: number;
  /** Which of the case's keys: `gaen`, `bluezone`, `token`. */
  readonly schemes: readonly string[];
  /** Power at which the phone says that it sent, dBm: less the signal it is the attenuation. Null when it does not say. */
  readonly txPower: number | null;
  readonly timeUnknown: boolean;
}

/** A token that was heard at the case's place and time. */
export interface TokenContact extends Signal {
  /** The wearer; null for a token whose wearer did not opt in: tokens rotate, so two entries may be one person. */
  readonly person: PersonKey | null;
  readonly venue: VenueId;
  readonly venueName: string | null;
  readonly gate: number;
  readonly from: number;
  readonly to: number;
  readonly minutesCertain: number;
  readonly minutesPossible: number;
  readonly beside: Contact["beside"];
}

/** Most tokens that one trace lists. */
export const TOKENS_LISTED = 1_000;

/** Describes a heard stay for people. */
export function heardVisit(stay: HeardStay, naming: VenueNaming): HeardVisit {
  const { gate, n, rssiMax, rssiMean, txPower, schemes, unknown, heardMs, outerFrom, outerTo } = stay;
  const { venue, name } = naming(stay.venue);
  return {
    venue,
    venueName: name,
    gate,
    from: unknown ? null : outerFrom,
    to: unknown ? null : outerTo,
    minutes: certainMinutes(heardMs),
    n,
    rssiMax,
    rssiMean,
    schemes,
    txPower,
    timeUnknown: unknown,
  };
}

const NOBODY = "" as PersonKey;

/** A heard stay in the form of a visit, to be compared with the visits of others. */
export function sliceOfHeard(stay: HeardStay): StoredSlice {
  const { venue, gate, outerFrom, innerFrom, innerTo, outerTo } = stay;
  const end = { gate, evidence: "radio", reason: "explicit" } as const;
  return {
    person: NOBODY,
    venue,
    visitFrom: outerFrom,
    outerFrom,
    innerFrom,
    innerTo,
    outerTo,
    start: end,
    end,
    party: 0,
  };
}

interface Beside {
  /** Dated stays of the case. */
  readonly stays: readonly StoredSlice[];
  readonly persons: readonly PersonKey[];
  /** Sessions of the case's own keys. */
  readonly ownSessions: ReadonlySet<number>;
  readonly naming: VenueNaming;
}

interface TokenMeeting {
  readonly stay: HeardStay;
  readonly person: PersonKey | null;
  readonly overlaps: Overlap[];
  beside: Contact["beside"];
}

/** Finds the tokens that were heard at the places of the case while it was there. */
export async function tokensBeside(
  sql: Sql,
  beside: Beside,
): Promise<{ readonly tokens: readonly TokenContact[]; readonly tokensOmitted: number }> {
  const meetings = new Map<string, TokenMeeting>();
  for (const own of beside.stays) {
    const window = { from: own.outerFrom, to: own.outerTo, longestMs: DAY_MS };
    const sessions = (await tokensAtVenue(sql, own.venue, window)).filter((session) => isOther(session, beside));
    for (const [sender, heard] of bySender(sessions)) {
      for (const stay of foldStays(heard)) meet(meetings, { own, stay, sender, person: heard[0]?.person ?? null });
    }
  }
  const tokens = [...meetings.values()].map((meeting) => tokenContact(meeting, beside.naming)).sort(longestFirst);
  return { tokens: tokens.slice(0, TOKENS_LISTED), tokensOmitted: Math.max(0, tokens.length - TOKENS_LISTED) };
}

function isOther({ id, person }: StoredSession, { ownSessions, persons }: Beside): boolean {
  return !ownSessions.has(id) && !(person !== null && persons.includes(person));
}

/** Sessions by wearer where one is known, else by identifier. */
function bySender(sessions: readonly StoredSession[]): ReadonlyMap<string, StoredSession[]> {
  const senders = new Map<string, StoredSession[]>();
  for (const session of sessions) {
    const name = session.person ?? session.ident;
    const known = senders.get(name);
    if (known) known.push(session);
    else senders.set(name, [session]);
  }
  return senders;
}

function meet(
  meetings: Map<string, TokenMeeting>,
  met: {
    readonly own: StoredSlice;
    readonly stay: HeardStay;
    readonly sender: string;
    readonly person: PersonKey | null;
  },
): void {
  const { own, stay, sender, person } = met;
  const overlap = overlapOf(own, stay);
  if (!overlap) return;
  const name = `${sender}/${stay.venue}/${stay.gate}/${stay.outerFrom}`;
  const beside = besideOf(own);
  const known = meetings.get(name) ?? { stay, person, overlaps: [], beside };
  known.overlaps.push(overlap);
  meetings.set(name, known);
}

function tokenContact({ stay, person, overlaps, beside }: TokenMeeting, naming: VenueNaming): TokenContact {
  const { venue, name } = naming(stay.venue);
  const possible = overlaps.map((overlap) => overlap.possible);
  return {
    person,
    venue,
    venueName: name,
    gate: stay.gate,
    from: Math.min(...possible.map(({ from }) => from)),
    to: Math.max(...possible.map(({ to }) => to)),
    minutesCertain: certainMinutes(coveredMs(overlaps.flatMap(({ certain }) => (certain ? [certain] : [])))),
    minutesPossible: possibleMinutes(coveredMs(possible)),
    n: stay.n,
    rssiMax: stay.rssiMax,
    rssiMean: stay.rssiMean,
    beside,
  };
}

function longestFirst(left: TokenContact, right: TokenContact): number {
  return (
    right.minutesCertain - left.minutesCertain ||
    right.minutesPossible - left.minutesPossible ||
    right.rssiMax - left.rssiMax ||
    left.from - right.from ||
    left.gate - right.gate
  );
}
