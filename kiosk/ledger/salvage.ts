import type { SessionHeader } from "../../protocol/checkin/sealing.ts";
import { BluepostError } from "../../protocol/errors.ts";
import type { Epoch, Stream } from "../../protocol/ids.ts";
import { Database } from "../../runtime/sqlite/database.ts";
import { readStreamFacts } from "./facts.ts";
import { reissue } from "./reissue.ts";
import { type DiskRow, type StreamTables, TABLES } from "./rows.ts";
import type { SqliteStreamLog } from "./sqlite-stream-log.ts";

/** Unreadable rows in a row after which the rest of a damaged file is given up. */
const GIVE_UP_AFTER = 500;

/** What a salvage brought home. */
export interface Salvage {
  readonly rows: number;
  readonly unreadable: number;
}

/** Reads every row of a stream that a damaged ledger still gives, and issues each again in a new log. Never fails for a bad row. */
export async function salvageRows(damaged: string, epoch: Epoch, into: SqliteStreamLog): Promise<Salvage> {
  const tables = TABLES[into.key.stream];
  const source = await Database.open({ file: damaged, readOnly: true }).catch(() => null);
  if (!source || !(await readable(() => source.get("PRAGMA schema_version")))) return { rows: 0, unreadable: 0 };
  const sessions = await readableSessions(source, tables);
  const bounds = await readableBounds(source, into.key.stream);
  let rows = 0;
  let unreadable = 0;
  let failures = 0;
  for (let seq = bounds.from; seq <= bounds.to && failures < GIVE_UP_AFTER; seq += 1) {
    const row = await readable(() => selectOne(source, tables, seq));
    if (row === null) continue;
    if (row === undefined) {
      unreadable += 1;
      failures += 1;
      continue;
    }
    failures = 0;
    await into.adopt(reissue(row.record, epoch, 1), row.tag, sessions);
    rows += 1;
  }
  await source.close();
  return { rows, unreadable };
}

async function selectOne(source: Database, tables: StreamTables, seq: number): Promise<DiskRow | null> {
  const [row] = await tables.selectRows(source, seq, 1);
  return row?.record.seq === seq ? row : null;
}

/** The value, or undefined when the page that holds it is damaged. */
async function readable<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (fault) {
    if (fault instanceof BluepostError) return undefined;
    throw fault;
  }
}

async function readableSessions(source: Database, tables: StreamTables): Promise<ReadonlyMap<string, SessionHeader>> {
  return (await readable(() => tables.selectSessions(source))) ?? new Map();
}

async function readableBounds(source: Database, stream: Stream): Promise<{ from: number; to: number }> {
  const edge = (order: "ASC" | "DESC"): Promise<number | undefined> =>
    readable(async () => TABLES[stream].edge(source, order));
  const facts = await readable(() => readStreamFacts(source, stream));
  const from = (await edge("ASC")) ?? (facts ? facts.floor.upto + 1 : 1);
  return { from, to: (await edge("DESC")) ?? from + GIVE_UP_AFTER };
}
