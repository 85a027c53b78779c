import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createEngine, createEngineKeys, loadEngineKeys } from "../../../engine/app.ts";
import { EngineKeysError } from "../../../engine/errors.ts";
import type { WallMs } from "../../../protocol/units.ts";
import { silentLogger } from "../../../runtime/log.ts";
import { nodeCrypto } from "../../../runtime/node-crypto.ts";
import { TEST_NOW } from "../../support/batches.ts";
import { engineConfig, openTestEngine } from "../../support/engines.ts";
import { runToEnd } from "../../support/processes.ts";
import { tempFolder } from "../../support/temp.ts";

const make = { crypto: nodeCrypto, nowMs: TEST_NOW as WallMs };

/** A folder in which an engine has served. */
async function served(): Promise<{ readonly folder: string; readonly keys: string }> {
  const folder = tempFolder();
  const { engine } = await openTestEngine({ folder });
  await engine.close();
  return { folder, keys: join(folder, "keys") };
}

const start = (folder: string): Promise<unknown> =>
  createEngine({ config: engineConfig(folder), now: () => make.nowMs, log: silentLogger, crypto: nodeCrypto });

const contentOf = (folder: string): ReadonlyMap<string, string> =>
  new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "utf8")]));

describe("an authority whose key files are not all there", () => {
  it.each(["secret", "root.key.pem", "root.crt.pem", "match.key", "card-issuer.key.pem"])(
    "is refused without %s, and every other file stays as it was",
    async (name) => {
      const { folder, keys } = await served();
      rmSync(join(keys, name));
      const before = contentOf(keys);
      await expect(start(folder)).rejects.toThrow(new RegExp(`${name}.*backup`));
      await expect(createEngineKeys(folder, make)).rejects.toThrow(EngineKeysError);
      expect(contentOf(keys)).toEqual(before);
    },
  );

  it("is refused beside a database without keys, also by hand: its rows would be closed for ever", async () => {
    const { folder, keys } = await served();
    renameSync(keys, join(folder, "elsewhere"));
    await expect(start(folder)).rejects.toThrow(/engine\.db.*backup/);
    await expect(createEngineKeys(folder, make)).rejects.toThrow(EngineKeysError);
    renameSync(join(folder, "elsewhere"), keys);
    await expect(openTestEngine({ folder })).resolves.toBeDefined();
  });

  it("is refused when nobody can tell what is there", async () => {
    const folder = tempFolder();
    writeFileSync(join(folder, "keys"), "no folder");
    await expect(start(folder)).rejects.toThrow(EngineKeysError);
    expect(readdirSync(folder)).toEqual(["keys"]);
  });

  it("works without the passphrase, which belongs off the machine", async () => {
    const { folder, keys } = await served();
    rmSync(join(keys, "vault.passphrase"));
    await expect(openTestEngine({ folder })).resolves.toBeDefined();
  });

  it("ends with 78, so that nothing starts it again and again, and names the cure", async () => {
    const { folder, keys } = await served();
    rmSync(join(keys, "secret"));
    for (const command of ["start", "stats", "doctor"]) {
      const run = await runToEnd({ script: "dist/engine/main.js", args: [command, "-s", `dataDir=${folder}`] });
      expect([command, run.code]).toEqual([command, command === "doctor" ? 1 : 78]);
      expect(run.stdout + run.stderr).toMatch(/secret.*backup/);
    }
  });
});

describe("the keys of a new authority", () => {
  it("come whole or not at all: what a power cut left of a first start is not taken for keys", async () => {
    const folder = tempFolder();
    const made = await createEngineKeys(folder, make);
    expect(readdirSync(folder)).toEqual(["keys"]);
    const cut = tempFolder();
    mkdirSync(join(cut, "keys.0123.tmp"));
    renameSync(join(folder, "keys", "root.key.pem"), join(cut, "keys.0123.tmp", "root.key.pem"));
    const again = await createEngineKeys(cut, make);
    expect((await loadEngineKeys(cut)).secret).toEqual(again.secret);
    expect(again.secret).not.toEqual(made.secret);
  });

  it("are made once, however many start at the same moment", async () => {
    const folder = tempFolder();
    const outcomes = await Promise.allSettled([1, 2, 3].map(() => createEngineKeys(folder, make)));
    const [made, ...others] = outcomes.filter(({ status }) => status === "fulfilled");
    expect(others).toEqual([]);
    expect(made).toMatchObject({ value: { secret: (await loadEngineKeys(folder)).secret } });
    expect(readdirSync(folder)).toEqual(["keys"]);
  });
});
