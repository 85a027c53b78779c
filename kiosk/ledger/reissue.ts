import { toHex } from "../../protocol/bytes.ts";
import { type CheckinRecord, encodeRecord } from "../../protocol/checkin/record.ts";
import type { SessionHeader } from "../../protocol/checkin/sealing.ts";
import type { Epoch } from "../../protocol/ids.ts";
import type { Sql } from "../../runtime/sqlite/database.ts";
import type { DiskRow, StreamTables } from "./rows.ts";

/** The same happening under a new number; its seals stay bound to where it first stood. */
export function reissue(record: CheckinRecord, epoch: Epoch, seq: number): CheckinRecord {
  return { ...record, seq, origin: record.origin ?? { epoch, seq: record.seq } };
}

/**
 * Replaces a stream's whole table by the rows from `from` on, numbered anew from 1 and not yet cut. Runs inside the caller's transaction.
 *
 * @param old.epoch the epoch that the rows stand in now
 * @returns how many rows were issued again, and the ids of the sessions that they use, in hex
 */
export async function reissueRows(
  sql: Sql,
  old: {
    readonly tables: StreamTables;
    readonly from: number;
    readonly epoch: Epoch;
    readonly sessions: ReadonlyMap<string, SessionHeader>;
  },
): Promise<{ readonly rows: number; readonly sessions: ReadonlySet<string> }> {
  const { tables } = old;
  const rows: DiskRow[] = [];
  for (let from = old.from; ; ) {
    const part = await tables.selectRows(sql, from, 1_000);
    const last = part.at(-1);
    if (!last) break;
    from = last.record.seq + 1;
    for (const { record, tag } of part) {
      const issued = reissue(record, old.epoch, rows.length + 1);
      rows.push({ record: issued, encoded: encodeRecord(issued), tag, cut: null });
    }
  }
  await tables.clear(sql);
  await tables.insertRows(sql, rows);
  return { rows: rows.length, sessions: await keepSessions(sql, rows, old) };
}

async function keepSessions(
  sql: Sql,
  rows: readonly DiskRow[],
  { tables, sessions }: { readonly tables: StreamTables; readonly sessions: ReadonlyMap<string, SessionHeader> },
): Promise<ReadonlySet<string>> {
  const kept = new Set<string>();
  for (const { record } of rows) {
    const id = record.identity && toHex(record.identity.session);
    const header = id === undefined ? undefined : sessions.get(id);
    if (id === undefined || !header || kept.has(id)) continue;
    kept.add(id);
    await tables.insertSession(sql, record.seq, header);
  }
  return kept;
}
