import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadEngineKeys } from "../../../engine/app.ts";
import { fromBase64Url } from "../../../protocol/bytes.ts";
import { decodeReceipt } from "../../../protocol/checkin/receipt.ts";
import { parseCose1 } from "../../../protocol/cose.ts";
import { BATCHES_PATH, BATCHES_TYPE, type BatchSetAnswer, encodeBatchSet } from "../../../protocol/http/engine-api.ts";
import type { WallMs } from "../../../protocol/units.ts";
import { type MadeBatch, makeAuthority, makeDevice } from "../../support/batches.ts";
import { dumpEngine } from "../../support/engine-dump.ts";
import { freePort, Part, runToEnd, spawnPart, tempFolder } from "../../support/processes.ts";

const KILLS = Number(process.env["BLUEPOST_KILLS"] ?? 10);
const script = "dist/engine/main.js";
const DOORS = 4;
const ROWS = 20;

async function send(url: string, batches: readonly MadeBatch[]): Promise<BatchSetAnswer | null> {
  try {
    const response = await fetch(`${url}${BATCHES_PATH}`, {
      method: "POST",
      body: encodeBatchSet(batches.map(({ bytes }) => bytes)) as Uint8Array<ArrayBuffer>,
      headers: { "content-type": BATCHES_TYPE },
    });
    return response.ok ? ((await response.json()) as BatchSetAnswer) : null;
  } catch {
    return null; // the engine was killed under it
  }
}

describe("an engine process", () => {
  it(`has every row that a receipt named, once, after ${KILLS} kills under load`, { timeout: 600_000 }, async () => {
    const dataDir = tempFolder();
    const port = await freePort();
    const args = ["start", "-s", `dataDir=${dataDir}`, "-s", `listen.port=${port}`, "-s", "log.level=error"];
    const engine = await spawnPart({ script, args });
    const keys = await loadEngineKeys(dataDir);
    const authority = await makeAuthority({
      root: keys.root,
      sealing: { match: keys.match.publicKey, vault: keys.vaultPublicKey },
    });
    const doors = await Promise.all(
      Array.from({ length: DOORS }, (_, n) => makeDevice(authority, { device: `door-${n}` })),
    );
    const now = Date.now();
    const sent: MadeBatch[][] = doors.map(() => []);
    const receipted = doors.map(() => 0);
    const url = `http://127.0.0.1:${port}`;
    for (let kill = 0; kill < KILLS; kill += 1) {
      if (kill > 0) await engine.restart();
      let answers = 0;
      const wanted = 1 + Math.floor(Math.random() * 12);
      await Promise.all(
        doors.map(async (door, n) => {
          for (let at = 0; at < 40; at += 1) {
            const rows = Array.from({ length: ROWS }, (_, i) => ({
              who: { scheme: "cccd", id: String(1e11 + ((at * ROWS + i) % 70)) } as const,
              kind: i % 2 === 0 ? ("in" as const) : ("out" as const),
              wallMs: (now - 3_600_000 + at * 1_000 + i) as WallMs,
            }));
            const made = await door.batch(rows);
            sent[n]!.push(made);
            const answer = await send(url, [made]);
            if (!answer) return;
            const [one] = answer.results;
            expect(one?.verdict).toBe("stored");
            receipted[n] = Math.max(
              receipted[n]!,
              decodeReceipt(parseCose1(fromBase64Url(one?.receipt ?? "")).payload).n,
            );
            answers += 1;
            if (answers === wanted) await engine.kill9();
          }
        }),
      );
      if (answers < wanted) await engine.kill9();
      const { streams } = await dumpEngine(dataDir, ["streams"]);
      for (const [n, door] of doors.entries()) {
        const stream = (streams as { device: string; stored: number }[]).find(({ device }) => device === door.device);
        expect(stream?.stored ?? 0).toBeGreaterThanOrEqual(receipted[n]!);
      }
    }
    await engine.restart();
    for (const batches of sent) {
      for (let at = 0; at < batches.length; at += 50) {
        const answer = await send(url, batches.slice(at, at + 50));
        expect(answer?.results.every(({ verdict }) => verdict === "stored" || verdict === "duplicate")).toBe(true);
      }
    }
    const all = sent.flat().length * ROWS;
    const stats = await runToEnd({ script, args: ["stats", "--json", "-s", `dataDir=${dataDir}`] });
    expect(JSON.parse(stats.stdout)).toMatchObject({ rows: all, gaps: [], forks: [], deadLetters: {} });
    expect((await engine.stop()).code).toBe(0);
  });

  it("is set up, fed, asked and checked from the command line", async () => {
    const [dataDir, out] = [tempFolder(), join(tempFolder(), "bundle")];
    const at = ["-s", `dataDir=${dataDir}`];
    const run = (...args: readonly string[]): ReturnType<typeof runToEnd> =>
      runToEnd({ script, args: [...args, ...at] });
    expect((await run("stats")).code).toBe(64);
    expect((await run("keys", "init")).code).toBe(0);
    expect((await run("keys", "init")).code).toBe(78);
    for (const name of ["secret", "match.key", "vault.key", "root.key.pem", "receipt.key.pem"]) {
      expect(statSync(join(dataDir, "keys", name)).mode & 0o777).toBe(0o600);
    }
    expect((await run("keys", "site", "--site", "school-1", "--out", out)).code).toBe(0);
    expect((await run("keys", "site", "--site", "school-1", "--out", out)).code).toBe(64);
    expect(JSON.parse((await run("keys", "show", "--json")).stdout)).toHaveProperty("receiptKey");
    const sheet = join(tempFolder(), "codes.html");
    const made = JSON.parse(
      (await run("cards", "staff-codes", "--site", "school-1", "--sheet", sheet, "--json")).stdout,
    );
    expect(made.codes.map(({ text }: { text: string }) => text.slice(0, 4))).toEqual(Array(5).fill("BPT:"));
    expect(readFileSync(sheet, "utf8").match(/<svg/g)).toHaveLength(5);
    expect((await run("cards", "staff-codes", "--site", "No Such")).code).toBe(64);
    const cards = JSON.parse((await run("cards", "issue", "--count", "3", "--json")).stdout);
    expect(cards.cards).toHaveLength(3);
    expect(cards.cards[0].text).toMatch(/^BP1:/);
    expect((await run("venues", "add", "--venue", "7k3m9q2x", "--name", "Chợ", "--type", "casino")).code).toBe(64);
    expect((await run("venues", "add", "--venue", "7k3m9q2x", "--name", "Chợ", "--type", "market")).code).toBe(0);
    expect((await run("venues", "list")).stdout).toContain("Chợ");
    const ids = join(tempFolder(), "ids");
    writeFileSync(ids, `001099000001\nbp1 ${cards.cards[0].id.toUpperCase()}\n`);
    const named = ["--scheme", "cccd", "--id-file", ids];
    expect((await run("case", "add", ...named)).code).toBe(64);
    const opened = await run("case", "add", ...named, "--onset", "2026-11-16", "--json");
    const file = JSON.parse(opened.stdout) as { id: string; persons: string[] };
    expect([opened.code, file.persons.length]).toEqual([0, 2]);
    const warned = await run("case", "add", "--scheme", "cccd", "--id", "001099000001", "--sample", "2026-11-16");
    expect([warned.code, warned.stderr]).toEqual([0, expect.stringContaining("--id-file -")]);
    expect((await run("trace", file.id, "--lang", "vi")).stdout).toContain("Khoảng thời gian có thể lây");
    expect(JSON.parse((await run("trace", file.id, "--json")).stdout)).toMatchObject({ contacts: [], visits: [] });
    expect((await run("trace", "case-nothere")).code).toBe(64);
    const wrong = await run("case", "add", "--scheme", "cccd", "--id", "00109900000", "--sample", "2026-11-16");
    expect([wrong.code, wrong.stdout + wrong.stderr]).toEqual([64, expect.not.stringContaining("00109900000")]);
    expect((await run("case", "list", "--json")).stdout).toContain(file.id);
    expect((await run("visits", "--case", file.id)).code).toBe(0);
    expect(JSON.parse((await run("erase", "--person", file.persons[0]!, "--json")).stdout)).toEqual({
      erasedRows: 0,
      sealedAside: 0,
    });
    expect((await run("prune")).code).toBe(0);
    expect((await run("status", "-s", "listen.port=9")).code).toBe(69);
    expect((await run("doctor", "-s", "listen.port=9")).code).toBe(1);
    expect((await run("config", "-s", "closingHour=99")).code).toBe(78);
    expect((await run("nonsense")).code).toBe(64);
  });

  it("takes keys, hands out tokens and publishes from the command line", async () => {
    const [dataDir, folder] = [tempFolder(), tempFolder()];
    const run = (...args: readonly string[]): ReturnType<typeof runToEnd> =>
      runToEnd({ script, args: [...args, "-s", `dataDir=${dataDir}`] });
    expect((await run("keys", "init")).code).toBe(0);
    const [ids, keys] = [join(folder, "ids"), join(folder, "keys.json")];
    writeFileSync(ids, "001099000001\n");
    const today = new Date().toISOString().slice(0, 10);
    const opened = await run("case", "add", "--scheme", "cccd", "--id-file", ids, "--onset", today, "--json");
    const { id } = JSON.parse(opened.stdout) as { id: string };
    const made = JSON.parse((await run("case", "key-code", id, "--minutes", "5", "--json")).stdout);
    expect(made).toMatchObject({ case: id, code: expect.stringMatching(/^[0-9a-z]{4}-[0-9a-z]{4}$/) });
    expect((await run("case", "key-code", "case-nothere")).code).toBe(64);
    const seed = "000102030405060708090a0b0c0d0e0f";
    writeFileSync(
      keys,
      JSON.stringify([
        { scheme: "token", seed },
        { scheme: "bluezone", baseId: seed },
      ]),
    );
    const taken = await run("case", "keys", id, "--file", keys);
    expect([taken.code, taken.stdout]).toEqual([
      0,
      expect.stringMatching(/key 1: stored\nkey 2: NOT TAKEN \(The base id/),
    ]);
    writeFileSync(keys, "secret words");
    const wrong = await run("case", "keys", id, "--file", keys);
    expect([wrong.code, wrong.stderr]).toEqual([64, expect.not.stringContaining("secret")]);
    const issued = JSON.parse((await run("tokens", "issue", "--count", "2", "--auto-checkin", "--json")).stdout);
    const serial = issued.tokens[0].serial as string;
    expect((await run("tokens", "revoke", serial)).code).toBe(0);
    expect((await run("tokens", "revoke", serial)).code).toBe(64);
    const listed = await run("tokens", "list", "--json");
    expect([JSON.parse(listed.stdout).tokens.length, listed.stdout]).toEqual([
      2,
      expect.not.stringContaining(issued.tokens[0].seed),
    ]);
    expect((await run("venues", "poster", "--venue", "7k3m9q2x")).stdout).toMatch(
      /^https:\/\/bluepost\.example\/v\?v=0#/,
    );
    expect(JSON.parse((await run("case", "publish", id, "--json")).stdout)).toMatchObject({
      added: 0,
      unreachable: [],
    });
    expect(JSON.parse((await run("published", "make", "--json")).stdout)).toMatchObject({ made: { number: 1 } });
    const file = join(folder, "file");
    expect((await run("published", "get", "--number", "1", "--out", file)).code).toBe(0);
    expect(statSync(file).size).toBeGreaterThan(2_000);
    expect((await run("published", "get", "--number", "2", "--out", file)).code).toBe(64);
    expect((await run("trace", id, "--lang", "en")).stdout).toContain("The case was heard here: none");
  });

  it("lists every problem of a wrong configuration and opens nothing", async () => {
    const dataDir = join(tempFolder(), "none");
    const part = new Part({
      script,
      args: ["start", "-s", `dataDir=${dataDir}`, "-s", "retentionDays=0", "-s", "listen.prt=1"],
    });
    part.start();
    expect((await part.exited).code).toBe(78);
    const problems = part.errorLines.join("\n");
    expect(problems).toContain("retentionDays");
    expect(problems).toContain("listen.prt");
    expect(() => statSync(dataDir)).toThrow();
  });
});
