import { toHex } from "../../protocol/bytes.ts";
import type { SessionHeader } from "../../protocol/checkin/sealing.ts";
import { BluepostError } from "../../protocol/errors.ts";
import type { Database } from "../../runtime/sqlite/database.ts";
import type { DiskRow, StreamTables } from "./rows.ts";

/** Rows read at a time where nothing is damaged. */
const PAGE = 200;
/** Failures in a row after which the rest of a damaged table is given up. */
const GIVE_UP_AFTER = 500;

/** A row that a damaged ledger still gives, or the number of one that it does not. */
export type FoundRow = { readonly row: DiskRow } | { readonly badSeq: number };

/** The value, or undefined when what holds it is damaged. */
export async function readable<Value>(read: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await read();
  } catch (fault) {
    if (fault instanceof BluepostError) return undefined;
    throw fault;
  }
}

/** What one look found, and where the next begins; null at the end. */
interface Look {
  readonly found: readonly FoundRow[];
  readonly next: number | null;
}

/** Every row of a stream that still decodes, numbers rising, and the bad ones whose number is known. */
export async function* readableRows(source: Database, tables: StreamTables): AsyncGenerator<FoundRow> {
  let failures = 0;
  let singlyUntil = 0;
  for (let seq: number | null = 0; seq !== null && failures < GIVE_UP_AFTER; ) {
    const page: Look | undefined = seq < singlyUntil ? undefined : await readPage(source, tables, seq);
    if (!page && seq >= singlyUntil) singlyUntil = seq + PAGE; // something is bad ahead: one by one to behind it
    const { found, next }: Look = page ?? (await readOne(source, tables, seq));
    yield* found;
    failures = found.some((one) => "row" in one) ? 0 : failures + 1;
    seq = next;
  }
}

async function readPage(source: Database, tables: StreamTables, seq: number): Promise<Look | undefined> {
  const page = await readable(() => tables.selectRows(source, seq, PAGE));
  if (page?.length === 0) return { found: [], next: null };
  const rising = page?.filter(({ record }) => record.seq >= seq) ?? [];
  const last = rising.at(-1);
  return last && { found: rising.map((row) => ({ row })), next: last.record.seq + 1 };
}

async function readOne(source: Database, tables: StreamTables, seq: number): Promise<Look> {
  const at = await readable(() => tables.seqFrom(source, seq));
  if (at === null) return { found: [], next: null };
  if (at === undefined) return { found: [], next: seq + 1 };
  const row = await readable(() => tables.selectRecord(source, at));
  return { found: [row ? { row } : { badSeq: at }], next: Math.max(seq, at) + 1 };
}

/** Headers of the sealing sessions that still decode, by id in hex: one bad one costs the seals of its own rows only. */
export async function readableSessions(source: Database, tables: StreamTables): Promise<Map<string, SessionHeader>> {
  const sessions = new Map<string, SessionHeader>();
  let id = 0;
  for (let failures = 0; failures < GIVE_UP_AFTER; ) {
    const at = await readable(() => tables.sessionFrom(source, id));
    if (at === null) break;
    const header = at === undefined ? undefined : await readable(() => tables.selectSession(source, at));
    failures = header ? 0 : failures + 1;
    if (header) sessions.set(toHex(header.id), header);
    id = Math.max(id, at ?? 0) + 1;
  }
  return sessions;
}
