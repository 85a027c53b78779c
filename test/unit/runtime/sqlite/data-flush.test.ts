import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { Database, StoreError } from "../../../../runtime/sqlite/database.ts";
import { tempFolder } from "../../../support/temp.ts";

const disk = vi.hoisted(() => ({ flushes: 0, broken: false }));

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
