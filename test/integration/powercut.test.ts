import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { visitorTag } from "../../protocol/checkin/visitor-tag.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import { Database } from "../../runtime/sqlite/database.ts";
import { createRng } from "../../sim/rng.ts";
import { connected, gatewayArgs, register } from "../support/gateway-process.ts";
import { doorOf, makeSite } from "../support/gateway-rig.ts";
import type { TestSite } from "../support/gateway-site.ts";
import { type KioskMaterials, kioskMaterials, openLedgerOf } from "../support/kiosk-process.ts";
import { publishPacket } from "../support/mqtt-wire.ts";
import { killAllParts, Part } from "../support/part.ts";
import { parseJournal } from "../support/powercut/journal.ts";
import { buildShim, envFor, NO_SHIM, replay } from "../support/powercut/powercut.ts";
import { noPtys } from "../support/ptys.ts";
import { ScreenWatch } from "../support/screen-watch.ts";
import { waitFor } from "../support/wait-for.ts";

const TENFOLD = process.env["BLUEPOST_NIGHTLY"] ? 10 : 1;
const KIOSK_CUTS = 12 * TENFOLD;
const GATEWAY_CUTS = 8 * TENFOLD;
/** Cuts within which a disk that is never flushed must have lost something. */
const OFF_CUTS = 6;

const shim = await buildShim();
const NO_RUN = [shim === null ? NO_SHIM : "", noPtys].filter(Boolean).join("; ");

/** A disk below the layer, and what stands beside it. */
interface Disk {
  readonly home: string;
  /** Watched: everything that the process writes. */
  readonly live: string;
  readonly journal: string;
  /** What is left after the cut. */
  readonly after: string;
}

type Synchronous = "FULL" | "OFF";

describe.skipIf(NO_RUN !== "")(`power cuts ${NO_RUN}`, () => {
  const rng = createRng("power cuts");
  let site: TestSite;
  let disk: Disk;

  /** What a kiosk writes before its first visitor. */
  let startOperations: number;

  beforeAll(async () => {
    site = await makeSite();
    disk = freshDisk();
    await cutKiosk("FULL", 1_000_000, "ext4", 0);
    startOperations = parseJournal(readFileSync(disk.journal)).length;
    rmSync(disk.home, { recursive: true, force: true });
  });

  beforeEach(() => {
    disk = freshDisk();
  });

  afterEach(() => {
    killAllParts();
    rmSync(disk.home, { recursive: true, force: true });
  });

  afterAll(() => killAllParts());

  function freshDisk(): Disk {
    const home = mkdtempSync(join(tmpdir(), "bluepost-cut-"));
    mkdirSync(join(home, "live"));
    return { home, live: join(home, "live"), journal: join(home, "journal"), after: join(home, "after") };
  }

  function nextDisk(): void {
    rmSync(disk.home, { recursive: true, force: true });
    disk = freshDisk();
  }

  /** One kiosk that is cut off while people check in. @returns what its screen confirmed, and of that what its disk still holds */
  async function cutKiosk(
    synchronous: Synchronous,
    cut: number,
    names: "ext4" | "folder",
    visitors = Number.POSITIVE_INFINITY,
  ): Promise<{ said: number; kept: number }> {
    const more = [`storage.synchronous=${synchronous}`];
    const materials = await kioskMaterials(site, { home: disk.home, dataDir: disk.live, more });
    const { scanner, args } = materials;
    const env = envFor({ so: shim?.so ?? "", dir: disk.live, log: disk.journal, cutAfterWrites: cut });
    const kiosk = new Part({ script: "dist/kiosk/main.js", args, env });
    kiosk.start();
    let ended = false;
    void kiosk.exited.then(() => {
      ended = true;
    });
    await kiosk.whenReady().catch(() => undefined); // the cut may come that early
    const screen = new ScreenWatch(materials.screen);
    if (!ended) await screen.open().catch(() => undefined);
    await waitFor(async () => ended || (await screen.hasScanner().catch(() => false)), {
      timeoutMs: 20_000,
      what: "the scanner",
    });
    for (let n = 1; !ended && n <= visitors; n += 1) {
      const seen = screen.count;
      await scanner.present(`091090${String(n).padStart(6, "0")}||Nguyễn Văn Bé|01011990|Nam|1 Trần Phú|15042021`);
      await waitFor(() => ended || screen.count > seen, { timeoutMs: 20_000, what: "an answer or the cut" });
    }
    await screen.close();
    await screen.close();
    await kiosk.kill9();
    scanner.unplug();
    replay({ log: disk.journal, dir: disk.live, into: disk.after, seed: cut, names });
    return { said: screen.accepted.size, kept: await heldByLedger(materials, screen.accepted) };
  }

  async function heldByLedger(materials: KioskMaterials, said: ReadonlySet<string>): Promise<number> {
    const log = await openLedgerOf(materials, disk.after);
    const tags = new Set((await log.read(1, 5_000)).map(({ tag }) => tag));
    const held = [...said].filter((tail) =>
      tags.has(visitorTag(nodeCrypto, log.dayKeys.tagKey, { scheme: "cccd", id: `091090${tail}` })),
    );
    await log.close();
    return held.length;
  }

  /** One gateway that is cut off while a kiosk sends. @returns batches that it acknowledged, and of those how many its disk holds */
  async function cutGateway(synchronous: Synchronous, cut: number): Promise<{ said: number; kept: number }> {
    await register(disk.live, ["door-1"]);
    const { args, port } = await gatewayArgs(site, disk.live, [`spool.synchronous=${synchronous}`]);
    const env = envFor({ so: shim?.so ?? "", dir: disk.live, log: disk.journal, cutAfterWrites: cut });
    const gateway = new Part({ script: "dist/gateway/main.js", args, env });
    gateway.start();
    let ended = false;
    void gateway.exited.then(() => {
      ended = true;
    });
    await gateway.whenReady().catch(() => undefined); // the cut may come that early
    const acked = new Set<number>();
    const door = await doorOf(site, "door-1");
    if (!ended) {
      const client = await connected(port, "door-1").catch(() => null);
      if (client) client.onAck = (id) => acked.add(id);
      const topic = Buffer.from("bluepost/v1/school-1/door-1/checkins");
      for (let id = 1; !ended && client && id <= 2_000; id += 1) {
        client.write(publishPacket(topic, id, (await door.batch([{ kind: "anchor" }])).bytes));
        await waitFor(() => ended || acked.size >= id - 4, {
          timeoutMs: 20_000,
          everyMs: 1,
          what: "an acknowledgement or the cut",
        });
      }
      client?.destroy();
    }
    await gateway.kill9();
    replay({ log: disk.journal, dir: disk.live, into: disk.after, seed: cut });
    const held = await spooledFrom(join(disk.after, "spool.db"));
    return { said: acked.size, kept: [...acked].filter((id) => held.has(id)).length };
  }

  async function spooledFrom(file: string): Promise<ReadonlySet<number>> {
    if (!existsSync(file)) return new Set();
    const db = await Database.open({ file });
    const rows = await db.all<{ from_seq: number }>("SELECT from_seq FROM batches").catch(() => []); // cut before the first table
    await db.close();
    return new Set(rows.map(({ from_seq }) => from_seq));
  }

  it(`a kiosk keeps everything that its screen confirmed, over ${KIOSK_CUTS} cuts`, {
    timeout: 150_000 * TENFOLD,
  }, async () => {
    let said = 0;
    for (let i = 0; i < KIOSK_CUTS; i += 1, nextDisk()) {
      const cut = i % 4 === 0 ? rng.integer(5, startOperations) : startOperations + rng.integer(5, 110); // also while it starts
      const result = await cutKiosk("FULL", cut, i % 2 === 0 ? "ext4" : "folder");
      expect({ cut, ...result }).toEqual({ cut, said: result.said, kept: result.said });
      said += result.said;
    }
    expect(said).toBeGreaterThan(KIOSK_CUTS);
  });

  it(`a gateway keeps everything that it acknowledged, over ${GATEWAY_CUTS} cuts`, {
    timeout: 100_000 * TENFOLD,
  }, async () => {
    let said = 0;
    for (let i = 0; i < GATEWAY_CUTS; i += 1, nextDisk()) {
      const cut = rng.integer(60, 400);
      const result = await cutGateway("FULL", cut);
      expect({ cut, ...result }).toEqual({ cut, said: result.said, kept: result.said });
      said += result.said;
    }
    expect(said).toBeGreaterThan(GATEWAY_CUTS);
  });

  it("both lose something when nothing is flushed: the test bites", async () => {
    let [kioskLost, gatewayLost] = [0, 0];
    for (let i = 0; i < OFF_CUTS && kioskLost === 0; i += 1, nextDisk()) {
      const { said, kept } = await cutKiosk("OFF", startOperations + rng.integer(40, 110), "ext4");
      kioskLost += said - kept;
    }
    for (let i = 0; i < OFF_CUTS && gatewayLost === 0; i += 1, nextDisk()) {
      const { said, kept } = await cutGateway("OFF", rng.integer(100, 400));
      gatewayLost += said - kept;
    }
    expect(kioskLost).toBeGreaterThan(0);
    expect(gatewayLost).toBeGreaterThan(0);
  });
});
