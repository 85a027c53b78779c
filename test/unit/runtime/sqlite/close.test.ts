import { join } from "node:path";
import { expect, it } from "vitest";
import { Database } from "../../../../runtime/sqlite/database.ts";
import { tempFolder } from "../../../support/temp.ts";

const COUNT =
  "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT count(*) AS count FROM n";

const open = (): Promise<Database> => Database.open({ file: join(tempFolder(), "t.db") });

it.each([
  ["the first question", []],
  ["a repeated question", [COUNT]],
])("answers %s before it closes", async (_, before) => {
  const database = await open();
  for (const sql of before) await database.all(sql, [1]);
  const answer = database.get(COUNT, [200_000]);
  await database.close();
  expect(await answer).toEqual({ count: 200_000 });
});

it("refuses what is asked afterwards", async () => {
  const database = await open();
  await database.close();
  await expect(database.all("SELECT 1")).rejects.toMatchObject({ code: "RT_STORE_FAILED" });
});

it("keeps no statement open beyond those that it keeps prepared", async () => {
  const database = await open();
  for (let number = 0; number < 300; number += 1) await database.all(`SELECT ${number}`);
  await expect(database.close()).resolves.toBeUndefined();
});
