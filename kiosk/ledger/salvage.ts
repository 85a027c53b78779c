import { decodeCbor } from "../../protocol/cbor.ts";
import type { SessionHeader } from "../../protocol/checkin/sealing.ts";
import { BluepostError } from "../../protocol/errors.ts";
import type { Epoch } from "../../protocol/ids.ts";
import { Database } from "../../runtime/sqlite/database.ts";
import { reissue } from "./reissue.ts";
import { type DiskRow, selectRows, selectSessions } from "./rows.ts";
import type { SqliteCheckinLog } from "./sqlite-checkin-log.ts";

/** Unreadable rows in a row after which the rest of a damaged file is given up. */
const GIVE_UP_AFTER = 500;

/** What a salvage brought home. */
export interface Salvage {
  readonly rows: number;
  readonly unreadable: number;
}

/** Reads every row that a damaged ledger still gives, and issues each again in a new log. Never fails for a bad row. */
export async function salvageRows(damaged: string, epoch: Epoch, into: SqliteCheckinLog): Promise<Salvage> {
  const source = await Database.open({ file: damaged, readOnly: true }).catch(() => null);
  if (!source || !(await readable(() => source.get("PRAGMA schema_version")))) return { rows: 0, unreadable: 0 };
  const sessions = await readableSessions(source);
  const bounds = await readableBounds(source);
  let rows = 0;
  let unreadable = 0;
  let failures = 0;
  for (let seq = bounds.from; seq <= bounds.to && failures < GIVE_UP_AFTER; seq += 1) {
    const row = await readable(() => selectOne(source, seq));
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

async function selectOne(source: Database, seq: number): Promise<DiskRow | null> {
  const [row] = await selectRows(source, seq, 1);
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

async function readableSessions(source: Database): Promise<ReadonlyMap<string, SessionHeader>> {
  return (await readable(() => selectSessions(source))) ?? new Map();
}

async function readableBounds(source: Database): Promise<{ from: number; to: number }> {
  const edge = async (order: "ASC" | "DESC"): Promise<number | undefined> => {
    const row = await readable(() =>
      source.get<{ seq: number }>(`SELECT seq FROM checkins ORDER BY seq ${order} LIMIT 1`),
    );
    return row?.seq;
  };
  const floor = await readable(() => source.get<{ value: Uint8Array }>("SELECT value FROM facts WHERE name = 'floor'"));
  const fields = floor && (decodeCbor(new Uint8Array(floor.value)) as [number]);
  const from = (await edge("ASC")) ?? (fields ? fields[0] + 1 : 1);
  return { from, to: (await edge("DESC")) ?? from + GIVE_UP_AFTER };
}
