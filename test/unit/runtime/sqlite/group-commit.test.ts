import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { Database, StoreCorruptError, StoreError } from "../../../../runtime/sqlite/database.ts";
import { GroupCommit } from "../../../../runtime/sqlite/group-commit.ts";
import { tempFolder } from "../../../support/temp.ts";

describe("GroupCommit", () => {
  it("takes up together what arrived together, in order, and answers each its own", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(), { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 20 }),
        async (jobs, maxGroup) => {
          const groups: number[][] = [];
          const commits = new GroupCommit<number, number>({
            maxGroup,
            commit: (group) => {
              groups.push([...group]);
              return Promise.resolve(group.map((job) => job * 2));
            },
          });
          expect(await Promise.all(jobs.map((job) => commits.add(job)))).toEqual(jobs.map((job) => job * 2));
          expect(groups.flat()).toEqual(jobs);
          expect(groups).toHaveLength(Math.ceil(jobs.length / maxGroup));
        },
      ),
    );
  });

  it("forms the next group when one says that it only waits for the disk, and is idle when all are done", async () => {
    const groups: string[][] = [];
    const flushed: (() => void)[] = [];
    const commits = new GroupCommit<string, string>({
      maxGroup: 10,
      commit: async (group, next) => {
        groups.push([...group]);
        next();
        await new Promise<void>((resolve) => flushed.push(resolve));
        return group;
      },
    });
    const first = commits.add("a");
    await vi.waitUntil(() => groups.length === 1);
    const second = commits.add("b");
    await vi.waitUntil(() => groups.length === 2);
    let idle = false;
    const rest = commits.idle().then(() => {
      idle = true;
    });
    flushed[0]?.();
    expect(await first).toBe("a");
    expect(idle).toBe(false);
    flushed[1]?.();
    expect(await second).toBe("b");
    await rest;
  });

  it("fails the jobs of a failed commit only", async () => {
    const commits = new GroupCommit<string, string>({
      maxGroup: 1,
      commit: ([job]) => (job === "bad" ? Promise.reject(new Error("full")) : Promise.resolve([String(job)])),
    });
    const results = await Promise.allSettled(["a", "bad", "b"].map((job) => commits.add(job)));
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  });
});

describe("Database", () => {
  it("never interleaves two transactions, and keeps nothing of a failed one", async () => {
    const database = await Database.open({ file: join(tempFolder(), "t.db") });
    await database.exec("CREATE TABLE t (v INTEGER)");
    const work = (value: number): Promise<void> =>
      database.transaction(async (sql) => {
        await sql.run("INSERT INTO t VALUES (?)", [value]);
        await sql.all("SELECT * FROM t");
        if (value === 2) throw new Error("changed my mind");
        await sql.run("INSERT INTO t VALUES (?)", [value]);
      });
    await Promise.allSettled([1, 2, 3].map(work));
    expect((await database.all("SELECT v FROM t")).map((row) => row["v"])).toEqual([1, 1, 3, 3]);
    await database.close();
  });

  it("names SQLite's code and never a value in its errors", async () => {
    const database = await Database.open({ file: join(tempFolder(), "t.db") });
    await database.exec("CREATE TABLE t (v TEXT UNIQUE)");
    await database.run("INSERT INTO t VALUES (?)", ["001090123456"]);
    const fault = await database.run("INSERT INTO t VALUES (?)", ["001090123456"]).catch((thrown: unknown) => thrown);
    expect(fault).toBeInstanceOf(StoreError);
    expect((fault as StoreError).details).toEqual({ sqlite: "SQLITE_CONSTRAINT" });
    expect((fault as StoreError).message).not.toContain("001090123456");
    await database.close();
  });

  it("fails a statement that cannot be prepared, and goes on", async () => {
    const database = await Database.open({ file: join(tempFolder(), "t.db") });
    await expect(database.all("SELECT * FROM nowhere")).rejects.toBeInstanceOf(StoreError);
    await expect(database.transaction((sql) => sql.run("INSERT INTO nowhere VALUES (1)"))).rejects.toBeInstanceOf(
      StoreError,
    );
    expect(await database.all("SELECT 1 AS one")).toEqual([{ one: 1 }]);
    await database.close();
  });

  it("says that a file is no database", async () => {
    const file = join(tempFolder(), "t.db");
    writeFileSync(file, "x".repeat(5_000));
    await expect(Database.open({ file })).rejects.toBeInstanceOf(StoreCorruptError);
  });
});
