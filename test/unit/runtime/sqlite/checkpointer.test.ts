import { statSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { Checkpointer } from "../../../../runtime/sqlite/checkpointer.ts";
import { Database } from "../../../../runtime/sqlite/database.ts";
import { tempFolder } from "../../../support/temp.ts";

const ROW_BYTES = 10_000;
const EVERY_BYTES = 40 * ROW_BYTES;
/** So much that SQLite never copies by itself. */
const NEVER = 1_000_000;

async function openPair(file: string): Promise<{ db: Database; checkpointer: Checkpointer }> {
  const db = await Database.open({ file, synchronous: "DATA", walAutocheckpoint: NEVER });
  await db.exec("CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, v BLOB)");
  return { db, checkpointer: await Checkpointer.open(db, { everyBytes: EVERY_BYTES }) };
}

async function insert(db: Database, rows: number, wrote: (bytes: number) => void): Promise<void> {
  for (let row = 0; row < rows; row += 1) {
    await db.inTurn((turn) => turn.single("INSERT INTO t (v) VALUES (zeroblob(?))", [ROW_BYTES]), {
      written: () => wrote(ROW_BYTES),
    });
  }
}

it("keeps the log short while rows are written, and loses none", async () => {
  const file = join(tempFolder(), "t.db");
  const { db, checkpointer } = await openPair(file);
  const rows = 1_000;
  await insert(db, rows, (bytes) => checkpointer.wrote(bytes));
  expect(statSync(`${file}-wal`).size).toBeLessThan((rows * ROW_BYTES) / 2);
  expect(await db.get("SELECT count(*) AS n, sum(length(v)) AS bytes FROM t")).toEqual({
    n: rows,
    bytes: rows * ROW_BYTES,
  });
  await checkpointer.close();
  await db.close();
});

it("lets the log grow when nobody tells it of writes: the first test could fail", async () => {
  const file = join(tempFolder(), "t.db");
  const { db, checkpointer } = await openPair(file);
  await insert(db, 200, () => undefined);
  expect(statSync(`${file}-wal`).size).toBeGreaterThan(200 * ROW_BYTES);
  await checkpointer.close();
  await db.close();
});

it("waits for no reader, and copies the rest when the reader is gone", async () => {
  const file = join(tempFolder(), "t.db");
  const { db, checkpointer } = await openPair(file);
  const reader = await Database.open({ file, readOnly: true });
  await reader.exec("BEGIN");
  await reader.all("SELECT count(*) AS n FROM t"); // from here on it needs the log as it is
  await insert(db, 200, (bytes) => checkpointer.wrote(bytes));
  expect(statSync(`${file}-wal`).size).toBeGreaterThan(150 * ROW_BYTES);
  await reader.exec("COMMIT");
  await reader.close();
  const size = statSync(`${file}-wal`).size;
  await insert(db, 500, (bytes) => checkpointer.wrote(bytes));
  expect(statSync(`${file}-wal`).size).toBeLessThan(size + 250 * ROW_BYTES);
  await checkpointer.close();
  await db.close();
});

it("leaves everything in the log when the writer has failed, and closes", async () => {
  const file = join(tempFolder(), "t.db");
  const { db, checkpointer } = await openPair(file);
  await insert(db, 10, () => undefined);
  await db.close();
  checkpointer.wrote(EVERY_BYTES);
  await expect(checkpointer.close()).resolves.toBeUndefined();
  const again = await Database.open({ file });
  expect(await again.get("SELECT count(*) AS n FROM t")).toEqual({ n: 10 });
  await again.close();
});
