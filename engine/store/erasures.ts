import type { Sql } from "../../runtime/sqlite/database.ts";
import type { EventTime } from "../visits/event-time.ts";
import type { PlacedRow } from "./events.ts";

/** Persons (hex) whose rows up to a time must not come back. */
export type Erasures = ReadonlyMap<string, number>;

/** Reads all erasure marks: there is one for each person who asked, so they are few. */
export async function loadErasures(sql: Sql): Promise<Erasures> {
  const rows = await sql.all<{ person: string; until: number }>("SELECT lower(hex(person)) person, until FROM erasure");
  return new Map(rows.map(({ person, until }) => [person, until]));
}

/**
 * Whether a row's time puts it into what its person had erased. In doubt it does: a dated row that may have been before the mark goes. A
 * row whose time is unknown goes only when its bounds say that it was before; else it is asked again each time that an anchor dates it,
 * and stays "time unknown" when none ever does.
 */
export function isErased(erasures: Erasures, person: string | null, time: EventTime): boolean {
  const until = person === null ? undefined : erasures.get(person);
  if (until === undefined) return false;
  const bound = time.unknown ? time.latest : time.earliest;
  return bound !== null && bound <= until;
}

/**
 * Leaves out the rows that their persons had erased: by their time, and without one those that are known to be older than the mark,
 * because they had come before it (and are issued again), or because a later row of the same run had.
 */
export async function withoutErased(
  sql: Sql,
  rows: readonly PlacedRow[],
  erasures: Erasures,
): Promise<readonly PlacedRow[]> {
  const left = rows.filter(({ row, time }) => !isErased(erasures, row.person, time));
  const doubted = left.filter(({ row, time }) => time.unknown && row.person !== null && erasures.has(row.person));
  if (doubted.length === 0) return left;
  const older = await olderThanMark(sql, doubted, erasures);
  return left.filter((placed) => !older.has(placed));
}

async function olderThanMark(
  sql: Sql,
  rows: readonly PlacedRow[],
  erasures: Erasures,
): Promise<ReadonlySet<PlacedRow | undefined>> {
  const asked = rows.map(({ row: { record, person }, place, deviceId, boot }) => [
    place.streamId,
    place.seq,
    deviceId,
    boot,
    record.boottimeMs,
    erasures.get(person ?? "") ?? null,
  ]);
  const found = await sql.all<{ at: number }>(
    `SELECT q.key at FROM json_each(?) q WHERE EXISTS (SELECT 1 FROM batch b WHERE b.stream_id = q.value->>0
         AND q.value->>1 BETWEEN b.from_seq AND b.to_seq AND b.stored_at <= q.value->>5)
       OR EXISTS (SELECT 1 FROM event e WHERE e.device_id = q.value->>2 AND e.boot = q.value->>3
         AND e.boottime >= q.value->>4 AND e.stored_at <= q.value->>5)`,
    [JSON.stringify(asked)],
  );
  return new Set(found.map(({ at }) => rows[at]));
}
