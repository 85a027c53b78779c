import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { HOUR_MS, MINUTE_MS, type WallMs } from "../../../protocol/units.ts";
import { Database } from "../../../runtime/sqlite/database.ts";
import { makeDevice, type RowDraft, TEST_NOW } from "../../support/batches.ts";
import { openTestEngine } from "../../support/engines.ts";
import { repository } from "../../support/repository.ts";

const AN = { scheme: "cccd", id: "001099000001" } as const;
const scan = (kind: "in" | "out", gate: number, minutes: number): RowDraft => ({
  who: AN,
  kind,
  gate,
  wallMs: (TEST_NOW - 20 * HOUR_MS + minutes * MINUTE_MS) as WallMs,
});
/** What the first version after those that called swapped stays certain does to their store. */
const MIGRATION = readFileSync(join(repository, "engine/store/migrations/0013-build-visits-anew.sql"), "utf8");

it("builds the visits of an older version anew: what it called certain of swapped ins and outs is not", async () => {
  const { engine, authority, folder } = await openTestEngine();
  const door = await makeDevice(authority);
  const rows = [scan("in", 1, 0), scan("in", 2, 60), scan("out", 2, 300), scan("out", 1, 360)];
  await engine.ingest([(await door.batch(rows)).bytes]);
  await engine.settle();
  await engine.close();
  const database = await Database.open({ file: join(folder, "engine.db") });
  expect(await database.run("UPDATE visit SET inner_to = outer_to")).toBe(3);
  await database.exec(MIGRATION);
  await database.close();
  const again = (await openTestEngine({ folder })).engine;
  const visits = await again.visits([again.personOf(AN)]);
  expect(visits.map(({ minutesCertain }) => minutesCertain)).toEqual([0, 0, 0]);
});
