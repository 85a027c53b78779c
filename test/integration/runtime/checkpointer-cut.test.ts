import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Database } from "../../../runtime/sqlite/database.ts";
import { createRng } from "../../../sim/rng.ts";
import { buildShim, envFor, NO_SHIM, replay } from "../../support/powercut/powercut.ts";
import { runToEnd, tempFolder } from "../../support/processes.ts";
import { repository } from "../../support/repository.ts";

const shim = await buildShim();
const CUTS = 20;

/** Commits rows in groups while its log is copied beside it, and says each number once it is on the disk. */
const PROBE = `
const { Database } = await import("${repository}/dist/runtime/sqlite/database.js");
const { Checkpointer } = await import("${repository}/dist/runtime/sqlite/checkpointer.js");
const db = await Database.open({ file: "rows.db", synchronous: "DATA", walAutocheckpoint: 1_000_000 });
await db.exec("CREATE TABLE rows (n INTEGER PRIMARY KEY, filler BLOB)");
const checkpointer = await Checkpointer.open(db, { everyBytes: 20_000 });
let next = 0;
async function write() {
  while (next < 400) {
    const n = ++next;
    await db.inTurn((turn) => turn.single("INSERT INTO rows (n, filler) VALUES (?, randomblob(1000))", [n]), {
      written: () => checkpointer.wrote(1_000),
    });
    process.stdout.write("kept " + n + "\\n");
  }
}
await Promise.all([write(), write(), write()]);
await checkpointer.close();
await db.close();
`;

describe.skipIf(shim === null)(`a log copied beside its writer${shim === null ? ` ${NO_SHIM}` : ""}`, () => {
  it(`keeps every row that was said to be on the disk, over ${CUTS} power cuts`, async () => {
    const random = createRng(11);
    for (let seed = 0; seed < CUTS; seed += 1) {
      const folder = tempFolder();
      const at = { dir: join(folder, "disk"), log: join(folder, "journal"), into: join(folder, "after") };
      mkdirSync(at.dir);
      const script = join(folder, "probe.mjs");
      writeFileSync(script, PROBE);
      const cutAfterWrites = 20 + Math.floor(random.next() * 1_200);
      const env = envFor({ ...at, so: shim?.so ?? "", cutAfterWrites });
      const { stdout } = await runToEnd({ script, cwd: at.dir, env });
      replay({ ...at, seed, names: seed % 2 === 0 ? "ext4" : "folder" });
      const kept = [...stdout.matchAll(/^kept (\d+)$/gm)].map(([, n]) => Number(n));
      expect(await missingOf(join(at.into, "rows.db"), kept)).toEqual([]);
    }
  });
});

/** Rows that a sound file should have and has not. @throws {Error} when the file is damaged */
async function missingOf(file: string, kept: readonly number[]): Promise<readonly number[]> {
  if (kept.length === 0) return [];
  const db = await Database.open({ file });
  const checks = await db.all<{ integrity_check: string }>("PRAGMA integrity_check");
  const rows = new Set((await db.all<{ n: number }>("SELECT n FROM rows")).map(({ n }) => n));
  await db.close();
  if (checks[0]?.integrity_check !== "ok") throw new Error("the file is damaged");
  return kept.filter((n) => !rows.has(n));
}
