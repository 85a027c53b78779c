import { type Database, StoreError } from "../../runtime/sqlite/database.ts";

/** Small pages: a scan writes one, and a flash card wears by the page. Measured in `npm run bench -- ledger`. */
export const PAGE_BYTES = 1_024;
/** Pages of the write-ahead log; a commit into a log that need not grow costs one flush, into one that grows two. */
export const WAL_PAGES = 256;

/** Lets log and file grow now, in one go, instead of a little with each of the next scans. */
export async function growLog(database: Database): Promise<void> {
  const steps = [
    "CREATE TABLE IF NOT EXISTS grown (filler BLOB)",
    `INSERT INTO grown VALUES (zeroblob(${PAGE_BYTES * WAL_PAGES}))`,
    "DROP TABLE grown", // a transaction of its own: pages that one transaction takes and frees again are never written
  ];
  try {
    for (const step of steps) await database.inTurn((turn) => turn.single(step));
  } catch (fault) {
    if (!(fault instanceof StoreError)) throw fault;
    await database.inTurn((turn) => turn.single("DROP TABLE IF EXISTS grown")); // a full disk: then it stays as it is
  }
}
