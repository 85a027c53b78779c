import type { SeqRange } from "../../protocol/checkin/receipt.ts";
import type { Sql } from "../../runtime/sqlite/database.ts";
import { subtractRanges } from "../ingest/seq-ranges.ts";
import type { LostStretch } from "../visits/lost-stretches.ts";
import { MAX_SLICE_MS } from "../visits/visit.ts";
import { bulkInsert } from "./bulk.ts";

/** Adds rows [stream id, from, venue, to, time] that a tombstone names; a longer range from the same seq replaces the shorter. */
export const insertLostRows = bulkInsert(
  "lost_rows",
  ["stream_id", "from_seq", "venue", "to_seq", "stored_at"],
  `ON CONFLICT DO UPDATE SET to_seq = excluded.to_seq, stored_at = excluded.stored_at WHERE excluded.to_seq > to_seq`,
);

interface LostRow {
  readonly venue: number;
  readonly streamId: number;
  readonly from: number;
  readonly to: number;
  readonly storedMs: number;
  readonly received: string;
}

const LOST_ROW = `l.venue, l.stream_id streamId, l.from_seq "from", l.to_seq "to", l.stored_at storedMs, s.received
  FROM lost_rows l JOIN stream s ON s.id = l.stream_id`;

/** When rows were lost at these venues; the table is empty or small, so asking is cheap. */
export async function stretchesAtVenues(sql: Sql, venues: readonly number[]): Promise<readonly LostStretch[]> {
  const query = `SELECT ${LOST_ROW} WHERE l.venue IN (SELECT value FROM json_each(?))`;
  return datedStretches(sql, await sql.all<LostRow>(query, [JSON.stringify(venues)]));
}

/** When rows of these devices were lost; null when none ever was, which no row that comes later can change. */
export async function stretchesOfDevices(
  sql: Sql,
  deviceIds: readonly number[],
): Promise<readonly LostStretch[] | null> {
  const query = `SELECT ${LOST_ROW} WHERE s.device_id IN (SELECT value FROM json_each(?))`;
  const lost = await sql.all<LostRow>(query, [JSON.stringify(deviceIds)]);
  return lost.length === 0 ? null : datedStretches(sql, lost);
}

/** From the last dated row before to the first one after, and not after the tombstone was stored. */
async function datedStretches(sql: Sql, rows: readonly LostRow[]): Promise<readonly LostStretch[]> {
  if (rows.length === 0) return [];
  const ranges = rows.flatMap(({ venue, streamId, from, to, storedMs, received }) =>
    subtractRanges([[from, to]], JSON.parse(received) as SeqRange[]).map((rest) => [
      venue,
      streamId,
      ...rest,
      storedMs,
    ]),
  );
  const stretches = await sql.all<LostStretch>(
    `SELECT q.value->>0 venue,
       coalesce((SELECT e.earliest FROM event e WHERE e.place_stream = q.value->>1 AND e.place_seq < q.value->>2
         AND e.unknown = 0 ORDER BY e.place_seq DESC LIMIT 1), 0) fromMs,
       min(q.value->>4, coalesce((SELECT e.latest FROM event e WHERE e.place_stream = q.value->>1
         AND e.place_seq > q.value->>3 AND e.unknown = 0 ORDER BY e.place_seq LIMIT 1), q.value->>4)) toMs
     FROM json_each(?) q`,
    [JSON.stringify(ranges)],
  );
  return stretches.filter(({ fromMs, toMs }) => fromMs < toMs);
}

/** Marks everybody with a stay that touches one of the stretches, to have the visits built anew. */
export async function markDoubted(sql: Sql, stretches: readonly LostStretch[]): Promise<void> {
  if (stretches.length === 0) return;
  await sql.run(
    `INSERT INTO dirty (person) SELECT DISTINCT v.person FROM json_each(?1) q JOIN visit v ON v.venue = q.value->>0
       AND v.outer_from BETWEEN q.value->>1 AND q.value->>2 AND v.outer_to >= q.value->>3
     WHERE true ON CONFLICT DO NOTHING`,
    [JSON.stringify(stretches.map(({ venue, fromMs, toMs }) => [venue, fromMs - MAX_SLICE_MS, toMs, fromMs]))],
  );
}
