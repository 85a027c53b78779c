import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { openLedger } from "../../kiosk/ledger/open-ledger.ts";
import type { SqliteCheckinLog } from "../../kiosk/ledger/sqlite-checkin-log.ts";
import { parseDeviceId, parseSiteId } from "../../protocol/ids.ts";
import { silentLogger } from "../../runtime/log.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import { Database } from "../../runtime/sqlite/database.ts";
import { type ProcessDoor, ProcessSite } from "../../sim/site/process-site.ts";
import { sealedAppends } from "../support/ledger.ts";
import { repository } from "../support/repository.ts";
import { ScreenWatch } from "../support/screen-watch.ts";
import { waitFor } from "../support/wait-for.ts";
import type { BenchOptions, BenchReport } from "./kit.ts";
import { quantile } from "./kit.ts";
import { type LoopDevice, openLoopDevice } from "./loop-device.ts";

/** Size of a row in the baseline: what the reference measured a bare insert with. */
const BASELINE_ROW_BYTES = 231;
/** The uplink deletes every six hours at the latest; 500 of 2,000 scans a day. */
const PRUNE_EVERY = 500;
/** Scans at a door's own pace: the file system's journal has its turn between two. */
const PACED_SCANS = 80;
const PACED_GAP_MS = 600;
/** From one scan to the next with 2,000 a day, milliseconds: a door is open for 14 hours. */
const DOOR_GAP_MS = (14 * 3_600_000) / 2_000;

interface Wear {
  readonly bytes: number;
  readonly flushes: number;
}

/**
 * What one check-in costs the card over its whole life (insert, receipt, delete; journal and last checkpoint included), one commit a
 * scan as at a real door; and the time from the last scanner byte to the committed answer on the screen's event stream.
 */
export async function run({ quick, progress }: BenchOptions): Promise<BenchReport> {
  const scans = quick ? 400 : 2_000;
  progress("wear on a loop device ...");
  const wear = await wearOf(scans);
  progress("wear at a door's own pace ...");
  const pace = quick ? {} : await paceCost();
  progress("scan to answer over a serial line ...");
  const answer = await answerTimes(quick ? 100 : 500);
  const rows = [
    ...wear.rows,
    ...Object.entries(pace).map(([name, value]) => `${name.padEnd(40)}${value}`),
    ...Object.entries(answer).map(([name, ms]) => `${name.padEnd(40)}${ms} ms`),
  ];
  return { rows, result: { ...wear.result, ...pace, ...answer } };
}

async function wearOf(scans: number): Promise<BenchReport> {
  const device = await openLoopDevice(128);
  if (device.kind === "skipped") {
    const skipped = { deviceBytesPerCheckin: "skipped", flushesPerCheckin: "skipped", why: device.reason };
    return { rows: [`wear skipped: ${device.reason}`], result: skipped };
  }
  try {
    const ours = await measured(device, scans, () => wholeLife(join(device.folder, "ledger"), scans));
    const bare = await measured(device, scans, () => bareInserts(join(device.folder, "bare.db"), scans));
    const result = {
      scans,
      deviceBytesPerCheckin: Math.round(ours.bytes),
      flushesPerCheckin: Number(ours.flushes.toFixed(3)),
      baselineBytesPerInsert: Math.round(bare.bytes),
      baselineFlushesPerInsert: Number(bare.flushes.toFixed(3)),
      bytesVsBaseline: Number((ours.bytes / bare.bytes).toFixed(3)),
      flushesVsBaseline: Number((ours.flushes / bare.flushes).toFixed(3)),
    };
    const line = (name: string, { bytes, flushes }: Wear): string =>
      `${name.padEnd(40)}${Math.round(bytes)} B  ${flushes.toFixed(3)} flushes`;
    return {
      rows: [line("a check-in's whole life", ours), line("baseline: a bare insert, 4,096 B pages", bare)],
      result,
    };
  } finally {
    await device.close();
  }
}

/** What the file system's own journal adds to each check-in when it is written between two scans; the ledger asks for none of it. */
async function paceCost(): Promise<Readonly<Record<string, number | string>>> {
  const device = await openLoopDevice(64, pacedMount());
  if (device.kind === "skipped") return { pacedExtraBytes: "skipped", pacedExtraFlushes: "skipped" };
  try {
    const at = (name: string, gapMs: number): Promise<Wear> =>
      measured(device, PACED_SCANS, () => wholeLife(join(device.folder, name), PACED_SCANS, gapMs));
    const dense = await at("dense", 0);
    const paced = await at("paced", PACED_GAP_MS);
    return {
      pacedExtraBytes: Math.round(paced.bytes - dense.bytes),
      pacedExtraFlushes: Number((paced.flushes - dense.flushes).toFixed(3)),
    };
  } finally {
    await device.close();
  }
}

/** The mount options of a kiosk's data partition, its journal's timer as many scans long as it is at a door. */
function pacedMount(): string {
  const file = join(repository, "hardware/image/data-partition.json");
  const { mountOptions } = JSON.parse(readFileSync(file, "utf8")) as { readonly mountOptions: readonly string[] };
  const scaled = (seconds: string): number => Math.max(1, Math.round((Number(seconds) * PACED_GAP_MS) / DOOR_GAP_MS));
  return mountOptions.join(",").replace(/commit=(\d+)/, (_, seconds: string) => `commit=${scaled(seconds)}`);
}

async function measured(device: LoopDevice, scans: number, work: () => Promise<void>): Promise<Wear> {
  const before = await device.counters();
  await work();
  const after = await device.counters();
  return {
    bytes: (after.bytesWritten - before.bytesWritten) / scans,
    flushes: (after.flushes - before.flushes) / scans,
  };
}

/** Scans one after the other, `gapMs` apart; each is confirmed when the next comes, and rows go when the uplink would delete them. */
async function wholeLife(folder: string, scans: number, gapMs = 0): Promise<void> {
  const log = await openLedger({
    folder,
    crypto: nodeCrypto,
    site: parseSiteId("bench"),
    device: parseDeviceId("door-1"),
    home: { socSerial: "", cardCid: "" },
    log: silentLogger,
  });
  const { next, ready } = await sealedAppends();
  for (let n = 1; n <= scans; n += 1) {
    await ready();
    if (gapMs > 0) await setTimeout(gapMs);
    await log.append([next(log, String(n))]);
    await confirm(log, n);
    if (n % PRUNE_EVERY === 0) await log.prune(n);
  }
  await log.prune(scans);
  await log.close();
}

async function confirm(log: SqliteCheckinLog, upto: number): Promise<void> {
  const hash = await log.hashAt(upto);
  if (!hash) throw new Error("a row that was committed alone ends its batch");
  log.confirm({ upto, hash });
}

async function bareInserts(file: string, scans: number): Promise<void> {
  const database = await Database.open({ file });
  await database.exec("CREATE TABLE rows (id INTEGER PRIMARY KEY, body BLOB)");
  for (let n = 0; n < scans; n += 1) {
    await database.run("INSERT INTO rows (body) VALUES (?)", [nodeCrypto.randomBytes(BASELINE_ROW_BYTES)]);
  }
  await database.close();
}

/** Times of a real kiosk process on a pseudo terminal, milliseconds; a flush of the same disk beside them. */
async function answerTimes(scans: number): Promise<Readonly<Record<string, number | string>>> {
  const folder = mkdtempSync(join(tmpdir(), "bluepost-bench-"));
  mkdirSync(folder, { recursive: true });
  const site = await ProcessSite.open({
    folder,
    site: "bench",
    doors: [{ device: "door-1", venue: "7k3m9q2x", name: "Bench" }],
    log: () => {},
  });
  try {
    const door = site.doors[0] as ProcessDoor;
    const screen = new ScreenWatch(door.screen);
    await screen.open();
    await waitFor(() => screen.hasScanner(), { timeoutMs: 20_000, what: "the scanner" });
    const times: number[] = [];
    const clicks: number[] = [];
    for (let n = 1; n <= scans; n += 1) {
      const [answered, clicked] = [screen.next("result"), screen.next("click")];
      await door.scanner.present(`091090${String(n).padStart(6, "0")}||Nguyễn Văn Bé|01011990|Nam|1 Trần Phú|15042021`);
      const sentMs = performance.now();
      clicks.push(Math.max(0, (await clicked) - sentMs));
      times.push((await answered) - sentMs);
    }
    await screen.close();
    const round = (ms: number): number => Number(ms.toFixed(2));
    return {
      scanToAnswerP50Ms: round(quantile(times, 0.5)),
      scanToAnswerP99Ms: round(quantile(times, 0.99)),
      clickP50Ms: round(quantile(clicks, 0.5)),
      clickP99Ms: round(quantile(clicks, 0.99)),
      flushP99Ms: round(quantile(await flushTimes(join(folder, "flush"), 200), 0.99)),
    };
  } finally {
    await site.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function flushTimes(path: string, count: number): Promise<readonly number[]> {
  const file = await open(path, "w");
  const times: number[] = [];
  for (let n = 0; n < count; n += 1) {
    await file.write(Buffer.alloc(1_024), 0, 1_024, 0);
    const started = performance.now();
    await file.datasync();
    times.push(performance.now() - started);
  }
  await file.close();
  return times;
}
