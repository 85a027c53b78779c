import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createEngine, loadEngineConfig } from "../../engine/app.ts";
import type { WallMs } from "../../protocol/units.ts";
import { silentLogger } from "../../runtime/log.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import { Database } from "../../runtime/sqlite/database.ts";
import { createRng } from "../../sim/rng.ts";
import { ProcessSite } from "../../sim/site/process-site.ts";
import { noPtys } from "../support/ptys.ts";
import { ScreenWatch } from "../support/screen-watch.ts";
import { waitFor } from "../support/wait-for.ts";

const KILLS = process.env["BLUEPOST_NIGHTLY"] ? 100 : 10;

/** A made-up citizen card that is shown once; its last six digits tell it from every other on the screen. */
const documentNumber = (n: number): string => `091090${String(n).padStart(6, "0")}`;
const card = (n: number): string => `${documentNumber(n)}||Nguyễn Văn Bé|01011990|Nam|1 Trần Phú, Rạch Giá|15042021`;

describe.skipIf(noPtys !== "")(`kill -9 of engine, gateway and kiosk ${noPtys}`, () => {
  let site: ProcessSite;
  let screen: ScreenWatch;
  const folder = mkdtempSync(join(tmpdir(), "bluepost-kill9-"));

  beforeAll(async () => {
    site = await ProcessSite.open({
      folder: folder,
      site: "school-1",
      doors: [{ device: "door-1", venue: "7k3m9q2x", name: "Cổng trường" }],
      log: () => {},
    });
    screen = new ScreenWatch(site.doors[0]?.screen ?? "");
    await screen.open();
  });

  afterAll(async () => {
    await screen?.close();
    await site?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it(`has every accepted check-in in the engine once, after ${KILLS} kills at random moments`, async () => {
    const rng = createRng("kill9");
    const door = site.doors[0];
    if (!door) throw new Error("the site has no door");
    let next = 1;
    const showOne = async (): Promise<void> => {
      await door.scanner.present(card(next));
      next += 1;
    };
    for (let kill = 0; kill < KILLS; kill += 1) {
      const victim = rng.pick(site.parts);
      const before = rng.integer(1, 8);
      for (let i = 0; i < before; i += 1) {
        const seen = screen.count;
        await showOne();
        await waitFor(() => screen.count > seen, { timeoutMs: 10_000, what: "an answer on the screen" });
      }
      await showOne(); // this one is under way when the process dies
      await victim.kill9();
      await victim.start();
      if (victim !== door.kiosk) continue;
      await screen.reopen();
      await waitFor(() => screen.hasScanner(), { timeoutMs: 20_000, what: "the scanner after a restart" });
    }
    await waitFor(async () => (await events(site.engineDir)).size >= screen.accepted.size, {
      timeoutMs: 120_000,
      what: "every row in the engine",
    });
    await site.close();

    const engine = await createEngine({
      config: loadEngineConfig({ env: {}, flags: [`dataDir=${site.engineDir}`] }),
      now: () => Date.now() as WallMs,
      log: silentLogger,
      crypto: nodeCrypto,
    });
    const held = await events(site.engineDir);
    const accepted = [...screen.accepted].map((tail) => engine.personOf({ scheme: "cccd", id: `091090${tail}` }));
    await engine.close();
    expect(accepted.length).toBeGreaterThan(KILLS);
    expect(accepted.filter((person) => held.get(person) === undefined)).toEqual([]);
    expect([...held.values()].filter((times) => times !== 1)).toEqual([]);
  });
});

/** Check-ins by person that an engine's store holds. */
async function events(engineDir: string): Promise<ReadonlyMap<string, number>> {
  const database = await Database.open({ file: join(engineDir, "engine.db"), readOnly: true });
  const rows = await database.all<{ person: string; n: number }>(
    "SELECT lower(hex(person)) AS person, count(*) AS n FROM event WHERE kind = 1 GROUP BY person",
  );
  await database.close();
  return new Map(rows.map(({ person, n }) => [person, n]));
}
