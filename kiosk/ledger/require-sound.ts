import type { Stream } from "../../protocol/ids.ts";
import { type Database, StoreCorruptError } from "../../runtime/sqlite/database.ts";
import { readStreamFacts } from "./facts.ts";
import { TABLES } from "./rows.ts";

/** Rows read at a time. */
const PAGE = 500;

/**
 * Checks how the pages of a ledger hang together: not yet what stands in them.
 *
 * @throws {StoreCorruptError} RT_STORE_CORRUPT
 */
export async function requireSoundPages(database: Database): Promise<void> {
  const rows = await database.all<{ quick_check: string }>("PRAGMA quick_check(1)");
  if (rows[0]?.quick_check !== "ok") throw new StoreCorruptError("the ledger fails its own check");
}

/**
 * Reads every row of a stream once, since SQLite keeps no checksums: one bad row would else be met at a door that serves. Rows follow
 * each other without a gap from the floor on, and the engine has confirmed none that was not written.
 *
 * Costs 15 ms of a desktop computer a thousand rows; retention bounds those.
 *
 * @throws {StoreCorruptError} RT_STORE_CORRUPT
 */
export async function requireSoundRows(database: Database, stream: Stream): Promise<void> {
  const facts = await readStreamFacts(database, stream);
  let last = facts?.floor.upto ?? 0;
  for (let from = 0; ; from = last + 1) {
    const rows = await TABLES[stream].selectRows(database, from, PAGE);
    if (rows.length === 0) break;
    for (const { record } of rows) {
      if (!facts || record.seq !== last + 1) throw new StoreCorruptError("a row out of its order", { seq: record.seq });
      last = record.seq;
    }
  }
  if (facts && facts.watermark.upto > last) throw new StoreCorruptError("confirmed rows that were never here");
}
