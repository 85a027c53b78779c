import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { Database } from "../../../../runtime/sqlite/database.ts";
import { migrate } from "../../../../runtime/sqlite/migrate.ts";
import { tempFolder } from "../../../support/temp.ts";

it("brings a file to the newest schema once, when two processes find it old at the same moment", async () => {
  const folder = tempFolder();
  for (const n of [1, 2, 3]) writeFileSync(join(folder, `000${n}-make-t${n}.sql`), `CREATE TABLE t${n} (x INTEGER);`);
  const file = join(folder, "one.db");
  const open = async (): Promise<Database> => {
    const db = await Database.open({ file });
    onTestFinished(() => db.close());
    return db;
  };
  const [one, two] = [await open(), await open()];
  await Promise.all([migrate(one, folder), migrate(two, folder)]);
  expect(await two.get("PRAGMA user_version")).toEqual({ user_version: 3 });
  expect(await one.all("SELECT name FROM sqlite_schema ORDER BY 1")).toEqual(
    ["t1", "t2", "t3"].map((name) => ({ name })),
  );
});
