import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { StreamLog } from "../../kiosk/ledger/checkin-log.ts";
import { Database } from "../../runtime/sqlite/database.ts";
import { createRng } from "../../sim/rng.ts";
import { draft, openTestLedger } from "../support/ledger.ts";
import { killAllParts, runToEnd } from "../support/part.ts";
import { parseJournal } from "../support/powercut/journal.ts";
import { buildShim, envFor, makeSmallDisk, NO_SHIM, replay, type SmallDisk } from "../support/powercut/powercut.ts";
import { repository } from "../support/repository.ts";

const CUTS = process.env["BLUEPOST_NIGHTLY"] ? 200 : 14;
const ROWS = 1_300;
const HEARD = 40;
const BAD = 700;

/** Opens the ledger in the folder named by the first argument, as a kiosk does at its start. */
const OPEN = `
  const part = (path) => import(process.argv[1] + "/dist/" + path);
  const { openLedger } = await part("kiosk/ledger/open-ledger.js");
  const [{ nodeCrypto }, { silentLogger }] = [await part("runtime/node-crypto.js"), await part("runtime/log.js")];
  const home = { socSerial: "100", cardCid: "200" };
  const [, , folder, reserveFile] = process.argv;
  const place = { folder, reserveFile, site: "school-1", device: "door-a", home };
  await (await openLedger({ ...place, crypto: nodeCrypto, log: silentLogger })).close();
`;

const shim = await buildShim();

describe.skipIf(shim === null)(`a salvage that is cut off ${shim === null ? NO_SHIM : ""}`, () => {
  const home = mkdtempSync(join(tmpdir(), "bluepost-salvage-"));
  const [live, journal, after] = [join(home, "live"), join(home, "journal"), join(home, "after")];
  let epochs: readonly string[];

  beforeAll(async () => {
    const seed = join(home, "seed", "ledger");
    const log = await openTestLedger(seed);
    const many = (count: number, kind: "in" | "presence"): Parameters<typeof log.append>[0] =>
      Array.from({ length: count }, () => ({ draft: draft({ kind }), tag: null, seal: null }));
    await log.append(many(ROWS, "in"));
    await log.presence.append(many(HEARD, "presence"));
    epochs = [log.key.epoch, log.presence.key.epoch];
    await log.close();
    const database = await Database.open({ file: join(seed, "ledger.db") });
    await database.run("UPDATE checkins SET record = x'ff' WHERE seq = ?", [BAD]);
    await database.close();
  });

  afterAll(() => {
    killAllParts();
    rmSync(home, { recursive: true, force: true });
  });

  /** One start over the damaged ledger. @returns how many operations it made */
  async function start(cutAfterWrites: number): Promise<number> {
    for (const path of [live, journal, after]) rmSync(path, { recursive: true, force: true });
    mkdirSync(live);
    cpSync(join(home, "seed"), live, { recursive: true });
    const env = envFor({ so: shim?.so ?? "", dir: live, log: journal, cutAfterWrites });
    await runToEnd({ args: ["--input-type=module", "-e", OPEN, repository, join(live, "ledger")], env });
    return parseJournal(readFileSync(journal)).length;
  }

  /** Rows of the bad ledger that a whole salvage holds, by where they stood. */
  const good = (count: number, at: number): string[] =>
    Array.from({ length: count }, (_, n) => `${epochs[at]} ${n + 1}`).filter((__, n) => at === 1 || n + 1 !== BAD);

  const places = async (log: StreamLog): Promise<unknown[]> =>
    (await log.read(1, 5_000)).map(({ record: { origin, lost } }) =>
      lost ? `lost ${lost.from}-${lost.to}` : `${origin?.epoch} ${origin?.seq}`,
    );

  it(`loses nothing of the damaged ledger, over ${CUTS} cuts`, async () => {
    const rng = createRng("salvage cuts");
    const operations = await start(0);
    for (let i = 0; i < CUTS; i += 1) {
      const cut = i % 2 === 0 ? rng.integer(2, operations) : operations - rng.integer(1, 40); // also while it takes its place
      await start(cut);
      replay({ log: journal, dir: live, into: after, seed: cut, names: i % 4 < 2 ? "ext4" : "folder" });
      const log = await openTestLedger(join(after, "ledger"));
      expect({ cut, rows: await places(log) }).toEqual({ cut, rows: [...good(ROWS, 0), `lost ${BAD}-${BAD}`] });
      expect({ cut, rows: await places(log.presence) }).toEqual({ cut, rows: good(HEARD, 1) });
      await log.close();
      expect(readdirSync(join(after, "ledger")).filter((name) => name.includes("salvage"))).toEqual([]);
    }
  });

  it("gives up the reserve for it on a full disk, and changes nothing while there is no room at all", async () => {
    rmSync(live, { recursive: true, force: true });
    mkdirSync(live);
    cpSync(join(home, "seed"), live, { recursive: true });
    const reserve = join(live, "reserve.bin");
    const names = (): string[] => readdirSync(join(live, "ledger")).filter((name) => /corrupt-|salvage/.test(name));
    const disk = (await makeSmallDisk(live, join(home, "size"), 0)) as SmallDisk;
    const args = ["--input-type=module", "-e", OPEN, repository, join(live, "ledger"), reserve];
    const { code, stderr } = await runToEnd({ args, env: disk.env });
    expect(code).not.toBe(0);
    expect(stderr).toContain("SQLITE_FULL");
    expect(names()).toEqual([]);

    writeFileSync(reserve, Buffer.alloc(4 << 20, 1));
    disk.resize(used(live));
    expect(await runToEnd({ args, env: disk.env })).toMatchObject({ code: 0 });
    expect(existsSync(reserve)).toBe(false);
    const log = await openTestLedger(join(live, "ledger"));
    expect(await places(log)).toEqual([...good(ROWS, 0), `lost ${BAD}-${BAD}`]);
    await log.close();
  });
});

/** Bytes that the files of a folder take on a disk of whole blocks. */
function used(folder: string): number {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith("-shm"))
    .reduce((sum, { parentPath, name }) => sum + Math.ceil(lstatSync(join(parentPath, name)).size / 4_096) * 4_096, 0);
}
