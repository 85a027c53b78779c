import { access, constants } from "node:fs/promises";
import { join } from "node:path";
import { Database } from "../../runtime/sqlite/database.ts";
import { readStreamFacts } from "../ledger/facts.ts";
import { TABLES } from "../ledger/rows.ts";
import { isAbsent, withPermission } from "../provision/permission.ts";

/** What `status` and `outbox ls` show of a ledger; a service may be running on it. */
export interface LedgerView {
  readonly epoch: string;
  readonly rows: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** Rows up to this one are confirmed by the engine; a running service may know of more. */
  readonly confirmedUpto: number;
  readonly unconfirmed: number;
  readonly oldestUnconfirmedWallMs: number | null;
  /** What the radio heard: sealed sessions, and how many of them the engine has not confirmed. */
  readonly presence: { readonly rows: number; readonly unconfirmed: number };
}

/**
 * Reads a ledger without disturbing its service; null when there is none.
 *
 * @throws {NotPermittedError} KIOSK_NOT_PERMITTED when it belongs to another user
 */
export async function viewLedger(dataDir: string): Promise<LedgerView | null> {
  const file = join(dataDir, "ledger", "ledger.db");
  if (!(await isThere(file))) return null;
  const database = await Database.open({ file, readOnly: true });
  try {
    const facts = await readStreamFacts(database, "c");
    if (!facts) return null;
    const { rows, last } = await TABLES.c.count(database);
    const lastSeq = last ?? facts.floor.upto;
    const [oldest] = await TABLES.c.selectRows(database, facts.watermark.upto + 1, 1);
    return {
      epoch: facts.epoch,
      rows,
      firstSeq: facts.floor.upto + 1,
      lastSeq,
      confirmedUpto: facts.watermark.upto,
      unconfirmed: lastSeq - facts.watermark.upto,
      oldestUnconfirmedWallMs: oldest?.record.wallMs ?? null,
      presence: await viewPresence(database),
    };
  } finally {
    await database.close();
  }
}

async function isThere(file: string): Promise<boolean> {
  try {
    await access(file, constants.R_OK);
    return true;
  } catch (fault) {
    if (isAbsent(fault)) return false; // no ledger yet: an answer, not a fault
    throw withPermission(fault, "the ledger");
  }
}

async function viewPresence(database: Database): Promise<LedgerView["presence"]> {
  const facts = await readStreamFacts(database, "p");
  if (!facts) return { rows: 0, unconfirmed: 0 };
  const { rows, last } = await TABLES.p.count(database);
  return { rows, unconfirmed: (last ?? facts.floor.upto) - facts.watermark.upto };
}

/** One batch as `outbox ls` shows it: numbers and bytes, never content. */
export interface OutboxLine {
  readonly seq: number;
  readonly kind: string;
  readonly bytes: number;
  readonly batchEnds: boolean;
}

/** Lists unconfirmed rows, oldest first, at most `limit`. */
export async function listOutbox(dataDir: string, limit: number): Promise<readonly OutboxLine[]> {
  const file = join(dataDir, "ledger", "ledger.db");
  if (!(await isThere(file))) return [];
  const database = await Database.open({ file, readOnly: true });
  try {
    const facts = await readStreamFacts(database, "c");
    const rows = await TABLES.c.selectRows(database, (facts?.watermark.upto ?? 0) + 1, limit);
    return rows.map(({ record, encoded, cut }) => ({
      seq: record.seq,
      kind: record.kind,
      bytes: encoded.length,
      batchEnds: cut !== null,
    }));
  } finally {
    await database.close();
  }
}
