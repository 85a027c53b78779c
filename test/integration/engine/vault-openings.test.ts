import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Engine } from "../../../engine/app.ts";
import { readVaultKeyFile } from "../../../engine/keys/engine-keys.ts";
import { type RawKeyPair, unlockVaultKey } from "../../../engine/keys/vault-key.ts";
import { importVerifyKey } from "../../../protocol/cose.ts";
import { openPublished } from "../../../protocol/publish/published-file.ts";
import { HOUR_MS } from "../../../protocol/units.ts";
import { nodeCrypto } from "../../../runtime/node-crypto.ts";
import { Database } from "../../../runtime/sqlite/database.ts";
import { makeDevice, type RowDraft, TEST_NOW } from "../../support/batches.ts";
import { openTestEngine, type TestEngine } from "../../support/engines.ts";
import { runToEnd } from "../../support/part.ts";

const who = (n: number) => ({ scheme: "cccd", id: `09109000000${n}` }) as const;
const [CASE, CONTACT, STRANGER] = [who(1), who(2), who(3)];
const REASON = "call the contacts of the market";

/** One morning: the case and a contact for an hour, and a stranger in the evening. */
async function morning(test: TestEngine): Promise<{ readonly caseId: string; readonly key: RawKeyPair }> {
  const door = await makeDevice(test.authority);
  const row = (kind: "in" | "out", hoursAgo: number, more: RowDraft): RowDraft => {
    const backMs = hoursAgo * HOUR_MS;
    const { wallMs, boottimeMs } = { wallMs: TEST_NOW - backMs, boottimeMs: 10_000_000_000 - backMs };
    return { kind, wallMs, boottimeMs, clock: "ntp", uncertaintyMs: 100, ...more } as RowDraft;
  };
  const contact = { name: "NGUYỄN VĂN AN", phone: "0912345678", birthDate: "1990" };
  const rows = [
    row("in", 3, { who: CASE, contact: { name: "TRẦN THỊ BÉ" } }),
    row("in", 2.8, { who: CONTACT, contact }),
    row("out", 2, { who: CONTACT, contact: { name: "NGUYỄN VĂN AN", phone: "0987654321" } }),
    row("out", 1.8, { who: CASE }),
    row("in", 0.5, { who: STRANGER, contact: { name: "LÊ VĂN CHIẾN" } }),
  ];
  await test.engine.ingest([(await door.batch(rows)).bytes]);
  const { id: caseId } = await test.engine.addCase({ documents: [CASE], onset: "2026-11-16" });
  const passphrase = readFileSync(join(test.folder, "keys/vault.passphrase"), "utf8").trim();
  return { caseId, key: await unlockVaultKey(nodeCrypto, await readVaultKeyFile(test.folder), passphrase) };
}

describe("an opening of the vault", () => {
  it("says how to reach whom the trace names, the newest first, and stands on record", async () => {
    const test = await openTestEngine();
    const { caseId, key } = await morning(test);
    const person = test.engine.personOf(CONTACT);
    const opening = await test.engine.vault.open({ caseId, reason: `  ${REASON}\n`, persons: [person] }, key);
    const numbers = [{ phone: "0987654321" }, { phone: "0912345678", birthDate: "1990" }];
    const contents = numbers.map((number) => ({ name: "NGUYỄN VĂN AN", ...number }));
    expect(opening).toEqual({ n: 1, persons: [{ person, contents, unopened: 0 }] });
    await test.engine.vault.open({ caseId, reason: REASON, persons: [test.engine.personOf(CASE)] }, key);
    const { openings, brokenAt } = await test.engine.vault.audit();
    expect(brokenAt).toBeNull();
    expect(openings.map(({ n, caseId: id, reason, persons }) => [n, id, reason, persons.length])).toEqual([
      [1, caseId, REASON, 1],
      [2, caseId, REASON, 1],
    ]);
  });

  it("is for nobody whom the trace does not name, without a case or without a reason, and is not on record then", async () => {
    const test = await openTestEngine();
    const { caseId, key } = await morning(test);
    const [contact, stranger] = [CONTACT, STRANGER].map((one) => test.engine.personOf(one)) as [never, never];
    const ask = (change: object): Promise<unknown> =>
      test.engine.vault.open({ caseId, reason: REASON, persons: [contact], ...change }, key);
    const refused = { code: "ENGINE_INPUT" };
    await expect(ask({ persons: [contact, stranger] })).rejects.toMatchObject(refused);
    await expect(ask({ caseId: "case-unknown" })).rejects.toMatchObject(refused);
    await expect(ask({ reason: "   why  " })).rejects.toMatchObject(refused);
    await expect(ask({ persons: [] })).rejects.toMatchObject(refused);
    expect((await test.engine.vault.audit()).openings).toEqual([]);
  });

  it("with another key opens nothing, says so, and stands on record all the same", async () => {
    const test = await openTestEngine();
    const { caseId } = await morning(test);
    const other = await openTestEngine();
    const { key } = await morning(other);
    const person = test.engine.personOf(CONTACT);
    const opening = await test.engine.vault.open({ caseId, reason: REASON, persons: [person] }, key);
    expect(opening.persons).toEqual([{ person, contents: [], unopened: 2 }]);
    expect((await test.engine.vault.audit()).openings).toHaveLength(1);
  });

  it("is counted in the next published file; a record that is changed afterwards breaks the chain", async () => {
    const test = await openTestEngine();
    const { caseId, key } = await morning(test);
    expect(await published(test.engine)).toEqual({ count: 0, hash: new Uint8Array(32) });
    for (let times = 0; times < 3; times += 1)
      await test.engine.vault.open({ caseId, reason: REASON, persons: [test.engine.personOf(CONTACT)] }, key);
    test.clock.nowMs += HOUR_MS;
    const { openings } = await test.engine.vault.audit();
    expect(await published(test.engine)).toEqual({ count: 3, hash: openings[2]?.hash });
    const database = await Database.open({ file: join(test.folder, "engine.db") });
    await database.exec("UPDATE vault_opening SET reason = 'a better reason' WHERE n = 2");
    expect((await test.engine.vault.audit()).brokenAt).toBe(2);
    await database.exec("DELETE FROM vault_opening WHERE n = 1");
    expect((await test.engine.vault.audit()).brokenAt).toBe(1);
    await database.close();
  });
});

it("asks on the command line for persons and the passphrase, and says 77 when it is wrong", async () => {
  const test = await openTestEngine();
  const { caseId } = await morning(test);
  const vault = (args: readonly string[], input: string): ReturnType<typeof runToEnd> =>
    runToEnd({
      program: "/bin/sh",
      args: ["-c", 'printf %s "$TYPED" | "$0" dist/engine/main.js vault open "$@"', process.execPath, caseId, ...args],
      env: { TYPED: input },
    });
  const common = ["--reason", REASON, "-s", `dataDir=${test.folder}`];
  expect(await vault(common, "")).toMatchObject({ code: 64, stderr: expect.stringContaining("--min-certain") });
  const all = [...common, "--min-certain", "15"];
  expect(await vault(all, "")).toMatchObject({ code: 64, stderr: expect.stringContaining("passphrase") });
  expect(await vault(all, "guess\n")).toMatchObject({ code: 77, stdout: "", stderr: expect.stringContaining("wrong") });
  expect(await vault([...all, "--lang", "vi"], "guess")).toMatchObject({
    stderr: expect.stringContaining("Mật khẩu không đúng"),
  });
  expect((await test.engine.vault.audit()).openings).toEqual([]);
});

async function published({ publisher }: Engine): Promise<unknown> {
  const made = await publisher.makeFile();
  const bytes = await publisher.file(made?.number ?? 0);
  return (await openPublished(bytes ?? new Uint8Array(0), await importVerifyKey(publisher.publicKey))).openings;
}
