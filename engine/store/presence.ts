import { type PresenceContent, RADIO_SCHEMES, type RadioScheme } from "../../protocol/checkin/presence.ts";
import { SCHEMES } from "../../protocol/checkin/record.ts";
import type { PersonKey } from "../../protocol/ids.ts";
import type { Dbm } from "../../protocol/units.ts";
import type { Sql } from "../../runtime/sqlite/database.ts";
import type { VenueNumber } from "../visits/visit.ts";
import { hexOf } from "./bulk.ts";
import type { PlacedRow } from "./events.ts";

/** One identifier heard at one gate, from its first to its last sighting. */
export interface StoredSession {
  readonly id: number;
  readonly scheme: RadioScheme;
  /** In hex. */
  readonly ident: string;
  readonly venue: VenueNumber;
  readonly gate: number;
  /** When the first sighting was; both null when nothing is known. */
  readonly earliest: number | null;
  readonly latest: number | null;
  /** Its time is not known to within half an hour. */
  readonly unknown: boolean;
  readonly durationMs: number;
  readonly n: number;
  readonly rssiMax: Dbm;
  readonly rssiMean: Dbm;
  readonly txPower: Dbm | null;
  /** Further bytes of the advertisement as they were sent, in hex; null when there were none. */
  readonly metadata: string | null;
  /** The wearer of a token that takes part in automatic check-in; null for everybody else. */
  readonly person: PersonKey | null;
}

/** Adds what the presence rows among these say; their events must be stored. One that is there already stays as it is. */
export async function insertPresence(sql: Sql, rows: readonly PlacedRow[]): Promise<void> {
  const heard = rows.flatMap(({ place, row }) =>
    row.heard ? [[place.streamId, place.seq, hexOf(row.digest), ...cellsOf(row.heard)]] : [],
  );
  if (heard.length === 0) return;
  await sql.run(
    `INSERT INTO presence (event_id, scheme, ident, duration, n, rssi_max, rssi_mean, tx_power, metadata)
     SELECT e.id, q.value->>3, unhex(q.value->>4), q.value->>5, q.value->>6, q.value->>7, q.value->>8, q.value->>9,
       unhex(q.value->>10)
     FROM json_each(?) q JOIN event e
       ON e.place_stream = q.value->>0 AND e.place_seq = q.value->>1 AND e.digest = unhex(q.value->>2)
     WHERE true ON CONFLICT DO NOTHING`,
    [JSON.stringify(heard)],
  );
}

function cellsOf(heard: PresenceContent): (string | number | null)[] {
  const { scheme, id, durationMs, n, rssiMax, rssiMean, txPower, metadata } = heard;
  return [
    SCHEMES.indexOf(scheme),
    hexOf(id),
    durationMs,
    n,
    rssiMax,
    rssiMean,
    txPower,
    metadata === null ? null : hexOf(metadata),
  ];
}

interface SessionRow {
  readonly id: number;
  readonly scheme: number;
  readonly ident: string;
  readonly venue: number;
  readonly gate: number;
  readonly earliest: number | null;
  readonly latest: number | null;
  readonly unknown: number;
  readonly duration: number;
  readonly n: number;
  readonly rssi_max: number;
  readonly rssi_mean: number;
  readonly tx_power: number | null;
  readonly metadata: string | null;
  readonly person: string | null;
}

const SESSION = `p.id, p.scheme, lower(hex(p.ident)) ident, e.venue, e.gate, e.earliest, e.latest, e.unknown, p.duration, p.n,
  p.rssi_max, p.rssi_mean, p.tx_power, lower(hex(p.metadata)) metadata, lower(hex(e.person)) person`;

/** Sessions by their ids; those that are gone meanwhile are left out. */
export async function loadSessions(sql: Sql, ids: readonly number[]): Promise<readonly StoredSession[]> {
  const rows = await sql.all<SessionRow>(
    `SELECT ${SESSION} FROM json_each(?) q JOIN presence p ON p.id = q.value JOIN event e ON e.id = p.event_id ORDER BY p.id`,
    [JSON.stringify(ids)],
  );
  return rows.map(sessionOf);
}

/** Sessions after one id, in order of id: what an index has still to take in. */
export async function sessionsAfter(sql: Sql, after: number, limit: number): Promise<readonly StoredSession[]> {
  const rows = await sql.all<SessionRow>(
    `SELECT ${SESSION} FROM presence p JOIN event e ON e.id = p.event_id WHERE p.id > ? ORDER BY p.id LIMIT ?`,
    [after, limit],
  );
  return rows.map(sessionOf);
}

/** Token sessions at one venue that may touch the window. @param longestMs longest session that the store may hold */
export async function tokensAtVenue(
  sql: Sql,
  venue: VenueNumber,
  window: { readonly from: number; readonly to: number; readonly longestMs: number },
): Promise<readonly StoredSession[]> {
  const rows = await sql.all<SessionRow>(
    `SELECT ${SESSION} FROM event e JOIN presence p ON p.event_id = e.id
     WHERE e.kind = 4 AND e.venue = ? AND e.earliest BETWEEN ? AND ? AND p.scheme = ? AND e.unknown = 0
       AND e.latest + p.duration >= ? ORDER BY e.earliest, p.id`,
    [venue, window.from - window.longestMs, window.to, SCHEMES.indexOf("token"), window.from],
  );
  return rows.map(sessionOf);
}

function sessionOf(row: SessionRow): StoredSession {
  const { rssi_max, rssi_mean, tx_power, metadata, duration, unknown, scheme, person, ...rest } = row;
  return {
    ...rest,
    scheme: RADIO_SCHEMES.find((one) => SCHEMES.indexOf(one) === scheme) ?? "token",
    unknown: unknown === 1,
    durationMs: duration,
    rssiMax: rssi_max as Dbm,
    rssiMean: rssi_mean as Dbm,
    txPower: tx_power as Dbm | null,
    metadata: metadata === "" ? null : metadata,
    person: person === "" ? null : (person as PersonKey | null),
  };
}
