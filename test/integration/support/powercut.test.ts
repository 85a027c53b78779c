import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createRng } from "../../../sim/rng.ts";
import { buildShim, envFor, NO_SHIM, replay } from "../../support/powercut/powercut.ts";
import { runToEnd, tempFolder } from "../../support/processes.ts";
import { repository } from "../../support/repository.ts";

const shim = await buildShim();

/** A watched folder with a place for its journal and a probe program beside it. */
interface Bench {
  readonly dir: string;
  readonly log: string;
  readonly into: string;
  readonly so: string;
}

function bench(): Bench {
  const folder = tempFolder();
  const dir = join(folder, "disk");
  mkdirSync(dir);
  return { dir, log: join(folder, "journal"), into: join(folder, "after"), so: shim?.so ?? "" };
}

/** Runs a program's text under the layer in the watched folder. */
async function run(at: Bench, text: string, cutAfterWrites?: number): ReturnType<typeof runToEnd> {
  const script = join(at.dir, "..", "probe.cjs");
  writeFileSync(script, text);
  const cut = cutAfterWrites === undefined ? {} : { cutAfterWrites };
  return await runToEnd({ script, cwd: at.dir, env: { ...envFor({ ...at, ...cut }), REPOSITORY: repository } });
}

/** A program that commits rows one by one and says each number once it is committed. */
const sqliteProbe = (synchronous: "FULL" | "OFF"): string => `
const { createRequire } = require("node:module");
const sqlite3 = createRequire(process.env.REPOSITORY + "/package.json")("sqlite3");
const db = new sqlite3.Database("rows.db");
const run = (sql, params = []) => new Promise((ok, no) => db.run(sql, params, (e) => (e ? no(e) : ok())));
(async () => {
  await run("PRAGMA journal_mode = WAL");
  await run("PRAGMA synchronous = ${synchronous}");
  await run("PRAGMA wal_autocheckpoint = 8");
  await run("CREATE TABLE IF NOT EXISTS rows (n INTEGER PRIMARY KEY, filler BLOB)");
  for (let n = 1; n <= 60; n += 1) {
    await run("INSERT INTO rows (filler) VALUES (randomblob(300))");
    process.stdout.write("committed " + n + "\\n");
  }
})();
`;

const READER = `
const { createRequire } = require("node:module");
const sqlite3 = createRequire(process.env.REPOSITORY + "/package.json")("sqlite3");
const db = new sqlite3.Database("rows.db");
db.all("PRAGMA integrity_check", (fault, checks) => {
  db.get("SELECT count(*) AS n FROM rows", (missing, row) => {
    console.log(JSON.stringify({ sound: !fault && checks[0].integrity_check === "ok", rows: missing ? 0 : row.n }));
  });
});
`;

async function sqliteCut(synchronous: "FULL" | "OFF", cutAfterWrites: number, seed: number) {
  const at = bench();
  const { stdout, signal } = await run(at, sqliteProbe(synchronous), cutAfterWrites);
  const committed = stdout.split("\n").filter((line) => line.startsWith("committed")).length;
  replay({ ...at, seed, names: seed % 2 === 0 ? "ext4" : "folder" });
  const reader = join(at.dir, "..", "reader.cjs");
  writeFileSync(reader, READER);
  const { stdout: answer } = await runToEnd({ script: reader, cwd: at.into, env: { REPOSITORY: repository } });
  const { sound, rows } = JSON.parse(answer) as { sound: boolean; rows: number };
  return { signal, committed, sound, rows };
}

describe.skipIf(shim === null)(`the power-cut layer${shim === null ? ` ${NO_SHIM}` : ""}`, () => {
  it("keeps an fsynced append for every seed and loses another for some seed", async () => {
    const at = bench();
    writeFileSync(join(at.dir, "log"), "before\n");
    await run(
      at,
      `const fs = require("node:fs");
       const fd = fs.openSync("log", "a");
       fs.writeSync(fd, "synced\\n"); fs.fsyncSync(fd);
       fs.writeSync(fd, "not synced\\n"); fs.closeSync(fd);`,
    );
    const after = new Set<string>();
    for (let seed = 0; seed < 30; seed += 1) {
      replay({ ...at, seed });
      after.add(readFileSync(join(at.into, "log"), "utf8"));
    }
    expect(after).toEqual(new Set(["before\nsynced\n", "before\nsynced\nnot synced\n"]));
  });

  it("kills the process at the given operation and leaves files that it never touched as they were", async () => {
    const at = bench();
    writeFileSync(join(at.dir, "other"), "untouched");
    const text = `const fs = require("node:fs");
      for (let i = 0; i < 100; i += 1) { fs.appendFileSync("log", "x"); process.stdout.write(i + "\\n"); }`;
    const { signal, stdout } = await run(at, text, 11);
    expect(signal).toBe("SIGKILL");
    expect(stdout.trim().split("\n").at(-1)).toBe("8"); // one create and ten writes; the tenth was not reported
    const { operations } = replay({ ...at, seed: 1 });
    expect(operations).toBe(11);
    expect(readFileSync(join(at.into, "other"), "utf8")).toBe("untouched");
  });

  it("follows positions, vectors, copies, renames and truncations", async () => {
    const at = bench();
    await run(
      at,
      `const fs = require("node:fs");
       const fd = fs.openSync("a.tmp", "w+");
       fs.writeSync(fd, "0123456789"); fs.writeSync(fd, "AB", 2); fs.writevSync(fd, [Buffer.from("x"), Buffer.from("yz")]);
       fs.ftruncateSync(fd, 12); fs.fsyncSync(fd);
       fs.copyFileSync("a.tmp", "copy"); fs.fsyncSync(fs.openSync("copy", "r+"));
       fs.renameSync("a.tmp", "a"); fs.mkdirSync("sub"); fs.writeFileSync("sub/b", "deep");
       fs.fsyncSync(fs.openSync("sub/b", "r+")); fs.fsyncSync(fs.openSync("sub", "r")); fs.fsyncSync(fs.openSync(".", "r"));`,
    );
    replay({ ...at, seed: 3 });
    const text = (name: string): string => readFileSync(join(at.into, name), "utf8");
    expect(text("a")).toBe(readFileSync(join(at.dir, "a"), "utf8"));
    expect(text("copy")).toBe(text("a"));
    expect(text("sub/b")).toBe("deep");
    expect(existsSync(join(at.into, "a.tmp"))).toBe(false);
  });

  it("keeps one order over the threads of libuv", async () => {
    const at = bench();
    const text = `const fs = require("node:fs/promises");
      (async () => {
        const files = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => fs.open("f" + n, "w")));
        await Promise.all(files.map(async (file, n) => {
          for (let i = 0; i < 50; i += 1) { await file.write(String(n).repeat(37)); if (i % 7 === 0) await file.datasync(); }
          await file.sync();
        }));
        const dir = await fs.open(".", "r"); await dir.sync();
      })();`;
    await run(at, text);
    replay({ ...at, seed: 4 });
    for (const n of [1, 2, 3, 4, 5, 6])
      expect(readFileSync(join(at.into, `f${n}`), "utf8")).toBe(String(n - 1).repeat(37 * 50));
  });

  it("refuses to replay a hard link instead of getting it wrong", async () => {
    const at = bench();
    await run(at, `const fs = require("node:fs"); fs.writeFileSync("a", "x"); fs.linkSync("a", "b");`);
    expect(() => replay({ ...at, seed: 1 })).toThrow("a hard link");
  });

  it("never loses a row that SQLite committed with synchronous=FULL in 50 cuts", async () => {
    const rng = createRng("full");
    for (let round = 0; round < 50; round += 1) {
      const { signal, committed, sound, rows } = await sqliteCut("FULL", rng.integer(1, 170), round);
      expect({ round, signal, sound, lost: Math.max(0, committed - rows) }).toEqual({
        round,
        signal: "SIGKILL",
        sound: true,
        lost: 0,
      });
    }
  });

  it("bites: with synchronous=OFF committed rows are lost", async () => {
    const rng = createRng("off");
    let lost = 0;
    for (let round = 0; round < 12; round += 1) {
      const { committed, rows } = await sqliteCut("OFF", rng.integer(60, 140), round);
      if (rows < committed) lost += 1;
    }
    expect(lost).toBeGreaterThan(0);
  });
});
