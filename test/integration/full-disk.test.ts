import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { visitorTag } from "../../protocol/checkin/visitor-tag.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import { Database } from "../../runtime/sqlite/database.ts";
import { connected, gatewayArgs, register } from "../support/gateway-process.ts";
import { doorOf, makeSite } from "../support/gateway-rig.ts";
import type { TestSite } from "../support/gateway-site.ts";
import { kioskMaterials, openLedgerOf } from "../support/kiosk-process.ts";
import { publishPacket } from "../support/mqtt-wire.ts";
import { killAllParts, Part } from "../support/part.ts";
import { buildShim, makeSmallDisk, NO_SHIM, type SmallDisk } from "../support/powercut/powercut.ts";
import { noPtys } from "../support/ptys.ts";
import { ScreenWatch } from "../support/screen-watch.ts";
import { waitFor } from "../support/wait-for.ts";

const MEGABYTE = 1 << 20;
const ROOMY = 64 * MEGABYTE;
const BLOCK = 4_096;

const NO_RUN = [(await buildShim()) === null ? NO_SHIM : "", noPtys].filter(Boolean).join("; ");

describe.skipIf(NO_RUN !== "")(`a disk that is full ${NO_RUN}`, () => {
  let site: TestSite;
  let home: string;
  let live: string;
  let disk: SmallDisk;

  beforeAll(async () => {
    site = await makeSite();
  });

  beforeEach(async () => {
    home = mkdtempSync(join(tmpdir(), "bluepost-full-"));
    live = join(home, "live");
    mkdirSync(live);
    disk = (await makeSmallDisk(live, join(home, "size"), ROOMY)) as SmallDisk;
  });

  afterEach(() => {
    killAllParts();
    rmSync(home, { recursive: true, force: true });
  });

  afterAll(() => killAllParts());

  /** Bytes that the files of the disk take. */
  const used = (folder = live): number =>
    readdirSync(folder, { withFileTypes: true })
      .filter(({ name }) => !name.endsWith("-shm"))
      .map((entry) => {
        const path = join(folder, entry.name);
        return entry.isDirectory() ? used(path) : Math.ceil(lstatSync(path).size / BLOCK) * BLOCK;
      })
      .reduce((sum, bytes) => sum + bytes, 0);

  it("costs a kiosk its reserve, then its oldest rows, each named, and never a visitor's answer", {
    timeout: 120_000,
  }, async () => {
    const materials = await kioskMaterials(site, { home, dataDir: live });
    const { scanner, args } = materials;
    const kiosk = new Part({ script: "dist/kiosk/main.js", args, env: disk.env });
    kiosk.start();
    await kiosk.whenReady();
    const screen = new ScreenWatch(materials.screen);
    await screen.open();
    await waitFor(() => screen.hasScanner().catch(() => false), { what: "the scanner" });
    let visitors = 0;
    const visit = async (): Promise<string> => {
      visitors += 1;
      const seen = screen.count;
      await scanner.present(
        `091090${String(visitors).padStart(6, "0")}||Nguyễn Văn Bé|01011990|Nam|1 Trần Phú|15042021`,
      );
      await waitFor(() => screen.count > seen, { what: "an answer" });
      return screen.results.at(-1)?.code ?? "";
    };
    const reserve = (): boolean => readdirSync(live).includes("reserve.bin");

    expect(await visit()).toBe("in_ok");
    await waitFor(reserve, { what: "the reserve" });
    disk.resize(used());
    const answers = new Set<string>();
    while (reserve() && !answers.has("fault")) answers.add(await visit()); // the log and the file have some room of their own
    disk.resize(0);
    for (const until = visitors + 60; visitors < until; ) answers.add(await visit());
    expect(answers).toEqual(new Set(["in_ok"]));

    disk.resize(ROOMY);
    expect(await visit()).toBe("in_ok");
    await screen.close();
    await kiosk.stop();
    scanner.unplug();

    const log = await openLedgerOf(materials, live);
    const rows = await log.read(1, 100_000);
    const tags = new Set(rows.map(({ tag }) => tag));
    const tagOf = (tail: string) => visitorTag(nodeCrypto, log.dayKeys.tagKey, { scheme: "cccd", id: `091090${tail}` });
    const kept = [...screen.accepted].filter((tail) => tags.has(tagOf(tail)));
    const named = rows.reduce((sum, { record: { lost } }) => sum + (lost ? lost.to - lost.from + 1 : 0), 0);
    await log.close();
    expect(named).toBeGreaterThan(0);
    expect(screen.accepted.size).toBe(visitors);
    expect(kept.length + named).toBe(visitors);
    expect(tags.has(tagOf(String(visitors).padStart(6, "0")))).toBe(true);
  });

  it("makes a gateway take nothing that it cannot keep, and take it later", { timeout: 90_000 }, async () => {
    await register(live, ["door-1"]);
    const { args, port } = await gatewayArgs(site, live);
    const gateway = new Part({ script: "dist/gateway/main.js", args, env: disk.env });
    gateway.start();
    await gateway.whenReady();
    const door = await doorOf(site, "door-1");
    const topic = Buffer.from("bluepost/v1/school-1/door-1/checkins");
    const acked = new Set<number>();
    let client = await connected(port, "door-1");
    client.onAck = (id) => acked.add(id);
    const send = async (id: number, bytes: Uint8Array): Promise<boolean> => {
      client.write(publishPacket(topic, id, bytes));
      await waitFor(() => acked.has(id) || client.closed, {
        what: "an acknowledgement or the end of the connection",
      });
      return acked.has(id);
    };
    expect(await send(1, (await door.batch([{ kind: "anchor" }])).bytes)).toBe(true);

    disk.resize(0);
    let id = 1;
    let refused: Uint8Array | null = null;
    while (!refused) {
      id += 1;
      const { bytes } = await door.batch([{ kind: "anchor" }]);
      if (!(await send(id, bytes))) refused = bytes;
    }

    disk.resize(ROOMY);
    client = await connected(port, "door-1");
    client.onAck = (one) => acked.add(one);
    expect(await send(id, refused)).toBe(true);
    client.destroy();
    await gateway.stop();
    const db = await Database.open({ file: join(live, "spool.db") });
    const rows = await db.all<{ from_seq: number }>("SELECT from_seq FROM batches");
    await db.close();
    const held = new Set(rows.map(({ from_seq }) => from_seq));
    expect([...acked].filter((one) => !held.has(one))).toEqual([]);
  });
});
