import type { PersonKey } from "../../protocol/ids.ts";
import type { Sql } from "../../runtime/sqlite/database.ts";
import {
  END_REASONS,
  type EndReason,
  MAX_SLICE_MS,
  START_REASONS,
  type StartReason,
  sliceVisit,
  type VenueNumber,
  VISIT_EVIDENCE,
  type Visit,
  type VisitEvidence,
} from "../visits/visit.ts";
import type { Span } from "./overlap.ts";

/** What is known of one end of a stay. */
export interface VisitEnd<Reason> {
  readonly gate: number | null;
  readonly evidence: VisitEvidence;
  readonly reason: Reason;
}

/** A slice of somebody's visit as matching needs it. */
export interface StoredSlice extends Span {
  readonly person: PersonKey;
  readonly venue: VenueNumber;
  /** Start of the visit that this is a slice of. */
  readonly visitFrom: number;
  readonly start: VisitEnd<StartReason>;
  readonly end: VisitEnd<EndReason>;
  readonly party: number;
}

/** A stay of which only the place is sure. */
export interface StoredUndated {
  readonly person: PersonKey;
  readonly venue: VenueNumber;
  readonly earliest: number | null;
  readonly latest: number | null;
  readonly lengthMs: number | null;
  readonly start: VisitEnd<StartReason>;
  readonly end: VisitEnd<EndReason>;
  readonly party: number;
}

interface EndColumns {
  readonly person: string;
  readonly venue: number;
  readonly gate_in: number | null;
  readonly gate_out: number | null;
  readonly start_evidence: number;
  readonly end_evidence: number;
  readonly party: number;
}

interface SliceRow extends EndColumns {
  readonly outer_from: number;
  readonly inner_from: number;
  readonly inner_to: number;
  readonly outer_to: number;
  readonly visit_from: number;
  readonly start_reason: number;
  readonly end_reason: number;
}

interface UndatedRow extends EndColumns {
  readonly earliest: number | null;
  readonly latest: number | null;
  readonly length: number | null;
}

const SLICE = `lower(hex(person)) person, venue, outer_from, inner_from, inner_to, outer_to, visit_from, gate_in, gate_out,
  start_evidence, end_evidence, start_reason, end_reason, party`;
const UNDATED = `lower(hex(person)) person, venue, earliest, latest, length, gate_in, gate_out, start_evidence, end_evidence, party`;

/** Instants in between count. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

/** Slices of these persons that may touch the window, in order of time. */
export async function slicesOfPersons(
  sql: Sql,
  persons: readonly PersonKey[],
  window: Window,
): Promise<readonly StoredSlice[]> {
  const rows = await sql.all<SliceRow>(
    `SELECT ${SLICE} FROM visit WHERE person IN (SELECT unhex(value) FROM json_each(?))
       AND outer_to > ? AND outer_from < ? ORDER BY outer_from, venue, ordinal`,
    [JSON.stringify(persons), window.from, window.to],
  );
  return rows.map(sliceOf);
}

/**
 * Slices of anybody at one venue that may touch the window, as one range scan: no slice is longer than 12 hours, so none that
 * begins before that can reach into the window.
 */
export async function slicesAtVenue(sql: Sql, venue: VenueNumber, window: Window): Promise<readonly StoredSlice[]> {
  const rows = await sql.all<SliceRow>(
    `SELECT ${SLICE} FROM visit WHERE venue = ? AND outer_from > ? AND outer_from < ? AND outer_to > ?`,
    [venue, window.from - MAX_SLICE_MS - 1, window.to, window.from],
  );
  return rows.map(sliceOf);
}

const MAY_TOUCH = "(earliest IS NULL OR earliest < ?) AND (latest IS NULL OR latest > ?)";

/** Stays without a time of these persons, save those that their bounds put outside the window. */
export async function undatedOfPersons(
  sql: Sql,
  persons: readonly PersonKey[],
  window: Window,
): Promise<readonly StoredUndated[]> {
  const rows = await sql.all<UndatedRow>(
    `SELECT ${UNDATED} FROM undated_visit WHERE person IN (SELECT unhex(value) FROM json_each(?)) AND ${MAY_TOUCH}
     ORDER BY venue, person, ordinal`,
    [JSON.stringify(persons), window.to, window.from],
  );
  return rows.map(undatedOf);
}

/** Stays without a time at one venue, save those that their bounds put outside the window. */
export async function undatedAtVenue(sql: Sql, venue: VenueNumber, window: Window): Promise<readonly StoredUndated[]> {
  const rows = await sql.all<UndatedRow>(
    `SELECT ${UNDATED} FROM undated_visit WHERE venue = ? AND ${MAY_TOUCH} ORDER BY person, ordinal`,
    [venue, window.to, window.from],
  );
  return rows.map(undatedOf);
}

/** The slices of a visit that no store holds. */
export function claimedSlices(visit: Visit): readonly StoredSlice[] {
  return sliceVisit(visit).map((slice) => ({
    person: "" as PersonKey,
    venue: slice.venue,
    visitFrom: slice.visitFrom,
    outerFrom: slice.outerFrom,
    innerFrom: slice.innerFrom,
    innerTo: slice.innerTo,
    outerTo: slice.outerTo,
    start: { gate: null, evidence: VISIT_EVIDENCE[slice.startEvidence] as VisitEvidence, reason: slice.startReason },
    end: { gate: null, evidence: VISIT_EVIDENCE[slice.endEvidence] as VisitEvidence, reason: slice.endReason },
    party: 0,
  }));
}

function sliceOf(row: SliceRow): StoredSlice {
  const start = START_REASONS[row.start_reason] as StartReason;
  const end = END_REASONS[row.end_reason] as EndReason;
  return {
    ...endsOf(row, start, end),
    outerFrom: row.outer_from,
    innerFrom: row.inner_from,
    innerTo: row.inner_to,
    outerTo: row.outer_to,
    visitFrom: row.visit_from,
  };
}

function undatedOf(row: UndatedRow): StoredUndated {
  const start = row.gate_in === null ? "default_stay" : "explicit";
  const end = row.gate_out === null ? "default_stay" : "explicit";
  return { ...endsOf(row, start, end), earliest: row.earliest, latest: row.latest, lengthMs: row.length };
}

function endsOf(
  row: EndColumns,
  start: StartReason,
  end: EndReason,
): Pick<StoredSlice, "person" | "venue" | "start" | "end" | "party"> {
  return {
    person: row.person as PersonKey,
    venue: row.venue,
    start: { gate: row.gate_in, evidence: VISIT_EVIDENCE[row.start_evidence] as VisitEvidence, reason: start },
    end: { gate: row.gate_out, evidence: VISIT_EVIDENCE[row.end_evidence] as VisitEvidence, reason: end },
    party: row.party,
  };
}
