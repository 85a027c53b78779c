import { CLOCK_STATES, EVIDENCE, RECORD_KINDS, SCHEMES } from "../../protocol/checkin/record.ts";
import type { Sql } from "../../runtime/sqlite/database.ts";
import type { GoodRow } from "../ingest/open-batch.ts";
import type { EventTime } from "../visits/event-time.ts";
import { bulkInsert, hexOf } from "./bulk.ts";
import { venueNumber } from "./venue-number.ts";

/** A row with everything that the store needs to know about its place. */
export interface PlacedRow {
  readonly row: GoodRow;
  readonly deviceId: number;
  /** The boot id as a number. */
  readonly boot: number;
  /** Where it was sealed for: its origin when it was issued again, else where it stands. */
  readonly place: RowPlace;
  readonly own: RowPlace;
  readonly time: EventTime;
}

/** A stream of the store and a seq in it. */
export interface RowPlace {
  readonly streamId: number;
  readonly seq: number;
}

const insertRows = bulkInsert(
  "event",
  [
    "place_stream",
    "place_seq",
    "#digest",
    "direct",
    "device_id",
    "kind",
    "venue",
    "gate",
    "boot",
    "boottime",
    "wall",
    "clock",
    "uncertainty",
    "scheme",
    "party",
    "evidence",
    "#person",
    "earliest",
    "latest",
    "unknown",
    "stored_at",
    "session_id",
    "session_index",
    "#vault",
  ],
  "ON CONFLICT (place_stream, place_seq, digest) DO UPDATE SET direct = max(direct, excluded.direct)",
);

const insertAliases = bulkInsert(
  "alias",
  ["stream_id", "seq", "place_stream", "place_seq", "#digest"],
  "ON CONFLICT DO NOTHING",
);

/** Stores check-in and presence rows; one that is there already, under this or another epoch, is not stored again. */
export async function insertEvents(sql: Sql, rows: readonly PlacedRow[], storedMs: number): Promise<void> {
  if (rows.length === 0) return;
  const sessions = await ensureSessions(sql, rows);
  await insertRows(
    sql,
    rows.map((placed) => eventColumns(placed, sessions.get(sessionName(placed)) ?? null, storedMs)),
  );
  await insertAliases(
    sql,
    rows
      .filter(({ row }) => row.record.origin)
      .map(({ own, place, row }) => [own.streamId, own.seq, place.streamId, place.seq, hexOf(row.digest)]),
  );
}

function eventColumns(placed: PlacedRow, sessionId: number | null, storedMs: number): (string | number | null)[] {
  const { row, place, deviceId, boot, time } = placed;
  const { record } = row;
  return [
    place.streamId,
    place.seq,
    hexOf(row.digest),
    record.origin ? 0 : 1,
    deviceId,
    RECORD_KINDS.indexOf(record.kind),
    venueNumber(record.venue),
    record.gate,
    boot,
    record.boottimeMs,
    record.wallMs,
    CLOCK_STATES.indexOf(record.clock),
    record.uncertaintyMs,
    SCHEMES.indexOf(record.scheme),
    record.party,
    EVIDENCE.indexOf(record.evidence),
    row.person,
    time.earliest,
    time.latest,
    time.unknown ? 1 : 0,
    storedMs,
    sessionId,
    sessionId === null ? null : (record.identity?.index ?? null),
    record.identity?.vault ? hexOf(record.identity.vault) : null,
  ];
}

const insertSessions = bulkInsert(
  "sealing_session",
  ["device_id", "#session", "#vault_key_id", "#vault_enc"],
  "ON CONFLICT DO NOTHING",
);

/** Keeps the headers that open the rows' vault envelopes. @returns ids by {@link sessionName} */
async function ensureSessions(sql: Sql, rows: readonly PlacedRow[]): Promise<Map<string, number>> {
  const wanted = new Map<string, (string | number)[]>();
  for (const placed of rows) {
    const { row, deviceId } = placed;
    const name = sessionName(placed);
    if (!row.session || name === "" || wanted.has(name)) continue;
    const { session } = row;
    wanted.set(name, [deviceId, hexOf(session.id), hexOf(session.vaultKeyId), hexOf(session.vaultEnc)]);
  }
  if (wanted.size === 0) return new Map();
  const known = await findSessions(sql, [...wanted.values()]);
  if (known.size === wanted.size) return known;
  await insertSessions(sql, [...wanted.values()]);
  return findSessions(sql, [...wanted.values()]);
}

async function findSessions(sql: Sql, wanted: readonly (readonly (string | number)[])[]): Promise<Map<string, number>> {
  const found = await sql.all<{ id: number; device_id: number; session: string; vault_enc: string }>(
    `SELECT s.id, s.device_id, lower(hex(s.session)) session, lower(hex(s.vault_enc)) vault_enc
     FROM json_each(?) q JOIN sealing_session s
       ON s.device_id = q.value->>0 AND s.session = unhex(q.value->>1) AND s.vault_enc = unhex(q.value->>3)`,
    [JSON.stringify(wanted)],
  );
  return new Map(found.map((row) => [`${row.device_id}/${row.session}/${row.vault_enc}`, row.id]));
}

/** Names a session in maps; empty for a row without a vault envelope. */
function sessionName({ deviceId, row }: PlacedRow): string {
  if (!row.session || !row.record.identity?.vault) return "";
  return `${deviceId}/${hexOf(row.session.id)}/${hexOf(row.session.vaultEnc)}`;
}
