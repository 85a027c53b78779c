import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { Database, StoreError } from "../../../../runtime/sqlite/database.ts";
import { tempFolder } from "../../../support/temp.ts";

const disk = vi.hoisted(() => ({ flushes: 0, broken: false, hold: null as Promise<void> | null }));

/** The real file system, whose flushes are counted and can fail. */
vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof import("node:fs/promises")>();
  return {
    ...real,
    open: async (...given: Parameters<typeof real.open>) => {
      const handle = await real.open(...given);
      const datasync = handle.datasync.bind(handle);
      handle.datasync = async () => {
        disk.flushes += 1;
        if (disk.broken) throw Object.assign(new Error("input/output error"), { code: "EIO" });
        await datasync();
        await disk.hold;
      };
      return handle;
    },
  };
});

it("flushes the log once for a transaction, and not for one that was rolled back", async () => {
  const database = await Database.open({ file: join(tempFolder(), "t.db"), synchronous: "DATA" });
  await database.exec("CREATE TABLE t (v INTEGER)");
  disk.flushes = 0;
  await database.transaction((sql) => sql.run("INSERT INTO t VALUES (1)"));
  expect(disk.flushes).toBe(1);
  const refused = database.transaction(async (sql) => {
    await sql.run("INSERT INTO t VALUES (2)");
    throw new Error("changed my mind");
  });
  await expect(refused).rejects.toThrow("changed my mind");
  expect(disk.flushes).toBe(1);
  await database.close();
});

it("promises nothing more once a flush has failed, until the file is opened anew", async () => {
  const file = join(tempFolder(), "t.db");
  const database = await Database.open({ file, synchronous: "DATA" });
  await database.exec("CREATE TABLE t (v INTEGER)");
  const insert = (): Promise<number> => database.transaction((sql) => sql.run("INSERT INTO t VALUES (1)"));
  disk.broken = true;
  await expect(insert()).rejects.toThrow(StoreError);
  disk.broken = false;
  await expect(insert()).rejects.toMatchObject({ code: "RT_STORE_FAILED", details: { sqlite: "SQLITE_IOERR_FSYNC" } });
  await database.close();
  const again = await Database.open({ file, synchronous: "DATA" });
  await again.transaction((sql) => sql.run("INSERT INTO t VALUES (1)"));
  await again.close();
});

it("says so when it is asked after a flush has failed, and not before", async () => {
  const file = join(tempFolder(), "t.db");
  const database = await Database.open({ file, synchronous: "DATA" });
  await database.exec("CREATE TABLE t (v INTEGER)");
  disk.flushes = 0;
  await database.probe();
  expect(disk.flushes).toBe(0); // it costs the card nothing
  disk.broken = true;
  await expect(database.transaction((sql) => sql.run("INSERT INTO t VALUES (1)"))).rejects.toThrow(StoreError);
  disk.broken = false;
  await expect(database.probe()).rejects.toMatchObject({ details: { sqlite: "SQLITE_IOERR_FSYNC" } });
  await database.close();
  const again = await Database.open({ file, synchronous: "DATA" });
  await again.probe();
  await again.close();
});

it("does not answer while the disk does not", async () => {
  const database = await Database.open({ file: join(tempFolder(), "t.db"), synchronous: "DATA" });
  await database.exec("CREATE TABLE t (v INTEGER)");
  let release = (): void => {};
  disk.hold = new Promise((resolve) => {
    release = resolve;
  });
  let answered = false;
  const writing = database.transaction((sql) => sql.run("INSERT INTO t VALUES (1)"));
  await vi.waitUntil(() => disk.flushes > 0);
  const asking = database.probe().then(() => {
    answered = true;
  });
  await database.all("SELECT v FROM t");
  expect(answered).toBe(false);
  release();
  disk.hold = null;
  await Promise.all([writing, asking]);
  await database.close();
});

it("lets the next write while one waits for the disk, and answers neither before it has flushed", async () => {
  const database = await Database.open({ file: join(tempFolder(), "t.db"), synchronous: "DATA" });
  await database.exec("CREATE TABLE t (v INTEGER)");
  let release = (): void => {};
  disk.hold = new Promise((resolve) => {
    release = resolve;
  });
  const answered: number[] = [];
  const insert = (value: number): Promise<void> =>
    new Promise((written, failed) => {
      database
        .inTurn((turn) => turn.single("INSERT INTO t VALUES (?)", [value]), { written })
        .then(() => answered.push(value))
        .catch(failed);
    });
  await insert(1);
  await insert(2); // resolves while the first still waits
  expect(await database.all("SELECT v FROM t ORDER BY v")).toEqual([{ v: 1 }, { v: 2 }]);
  expect(answered).toEqual([]);
  release();
  disk.hold = null;
  await vi.waitUntil(() => answered.length === 2);
  expect(answered).toEqual([1, 2]);
  await database.close();
});

it("undoes what failed before the next begins", async () => {
  const database = await Database.open({ file: join(tempFolder(), "t.db"), synchronous: "DATA" });
  await database.exec("CREATE TABLE t (v INTEGER UNIQUE)");
  const events: string[] = [];
  const insert = (name: string, value: number): Promise<number> =>
    database.inTurn(
      (turn) => {
        events.push(name);
        return turn.single("INSERT INTO t VALUES (?)", [value]);
      },
      { undone: () => events.push(`${name} undone`) },
    );
  const results = await Promise.allSettled([insert("a", 1), insert("b", 1), insert("c", 2)]);
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(events).toEqual(["a", "b", "b undone", "c"]);
  await database.close();
});
