import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Database } from "../../runtime/sqlite/database.ts";
import { migrate } from "../../runtime/sqlite/migrate.ts";
import { makeSite } from "../support/gateway-site.ts";
import { NO_MOSQUITTO, startMosquitto } from "../support/mosquitto.ts";
import { Part } from "../support/part.ts";
import { freePort } from "../support/ports.ts";
import { slowFlushEnv } from "../support/powercut/powercut.ts";
import { repository } from "../support/repository.ts";
import { type GatewayLoad, type GatewayLoadReport, loadDevice } from "./kiosk-load.ts";
import {
  type BenchOptions,
  type BenchReport,
  type Config,
  interleave,
  ratio,
  runFresh,
  type Spread,
  table,
} from "./kit.ts";
import { mosquittoLosses } from "./mosquitto-losses.ts";

const CLIENTS = 100;
const IN_FLIGHT = 16;
const SLOW_FLUSH_MS = 4;
/** A kill takes some seconds; a night has time for a hundred. */
const KILLS = process.env["BLUEPOST_NIGHTLY"] ? 100 : 10;
/** Batches of each client before the clock starts. None for a commit a message: what is left of them would be measured too. */
const WARM_UP = 500;
const FULL = { rounds: 9, slowRounds: 3, messages: 2_000, durationMs: 4_000 };
const QUICK = { rounds: 1, slowRounds: 1, messages: 400, durationMs: 1_500 };

type Name = "group" | "perRow" | "mosquitto" | "slowGroup" | "slowPerRow";

/**
 * Messages acknowledged a second: the gateway with its shared commits against itself with a commit a message, and against mosquitto
 * with persistence and a durable subscriber (which is not durable: it saves once a second). The engine is out of reach, so the
 * gateway's spool keeps everything. Each measurement has a fresh broker, a fresh folder and a fresh load process.
 *
 * mosquitto's own rate swings by a factor of two from run to run on two cores (42 to 83 thousand a second seen within one bench), so
 * the pair is measured in nine rounds, next to each other; the ratios against a commit a message are steady and need fewer.
 */
export async function run({ quick, progress }: BenchOptions): Promise<BenchReport> {
  const size = quick ? QUICK : FULL;
  const home = mkdtempSync(join(tmpdir(), "bluepost-bench-"));
  try {
    const slow = await slowFlushEnv(SLOW_FLUSH_MS);
    const withMosquitto = await hasMosquitto(home);
    const fast: Config<"group" | "perRow" | "mosquitto">[] = [
      { name: "group", measure: () => gatewayRate(home, size, {}) },
      ...(withMosquitto ? [{ name: "mosquitto" as const, measure: () => mosquittoRate(home, size) }] : []),
      { name: "perRow", measure: () => gatewayRate(home, size, { perRow: true }) },
    ];
    const flushes: Config<"slowGroup" | "slowPerRow">[] = slow
      ? [
          { name: "slowGroup", measure: () => gatewayRate(home, size, { env: slow }) },
          { name: "slowPerRow", measure: () => gatewayRate(home, size, { env: slow, perRow: true }) },
        ]
      : [];
    const rates: Record<Name, Spread> = {
      ...(await interleave(fast, { rounds: size.rounds, progress })),
      ...(await interleave(flushes, { rounds: size.slowRounds, progress })),
    };
    const kills = quick ? 1 : KILLS;
    const lostOverKills = await lostMessages(home, kills, progress);
    const losses = withMosquitto
      ? await mosquittoLosses(home, kills, {
          load: (port) => load(port, { messages: 1_500, durationMs: 20_000 }, { warmUp: 0 }),
          progress,
        })
      : null;
    const against = (of: Spread | undefined, to: Spread | undefined, without: string): Spread | string =>
      of && to ? ratio(of, to) : without;
    const result = {
      durableVsPerRow: ratio(rates.group, rates.perRow).median,
      durableVsMosquitto: middle(against(rates.group, rates.mosquitto, NO_MOSQUITTO)),
      slowFlushVsPerRow: middle(against(rates.slowGroup, rates.slowPerRow, "skipped: needs a C compiler")),
      lostOverKills,
      mosquittoLostOverKills: losses?.lost ?? NO_MOSQUITTO,
      mosquittoLostShares: losses?.shares.map((share) => Math.round(share * 1_000) / 1_000) ?? NO_MOSQUITTO,
      kills,
      acksPerSecond: Object.fromEntries(Object.entries(rates).map(([name, { median }]) => [name, Math.round(median)])),
      clients: CLIENTS,
      inFlight: IN_FLIGHT,
      rounds: size.rounds,
    };
    const rows = Object.entries(rates).map(
      ([name, { median, min, max }]) => [name, median, min, max] as [string, number, number, number],
    );
    return { rows: table(["acknowledged a second", "median", "min", "max"], rows), result };
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

function middle(spread: Spread | string): number | string {
  return typeof spread === "string" ? spread : spread.median;
}

interface Size {
  readonly messages: number;
  readonly durationMs: number;
}

function load(
  port: number,
  { messages, durationMs }: Size,
  change: Partial<GatewayLoad> = {},
): Promise<GatewayLoadReport> {
  const input: GatewayLoad = {
    port,
    clients: CLIENTS,
    inFlight: IN_FLIGHT,
    messages,
    durationMs,
    warmUp: WARM_UP,
    durableSubscriber: false,
    ...change,
  };
  return runFresh<GatewayLoadReport>("gateway-load", input);
}

async function gatewayRate(
  home: string,
  size: Size,
  options: { readonly perRow?: boolean; readonly env?: Readonly<Record<string, string>> },
): Promise<number> {
  const folder = mkdtempSync(join(home, "gateway-"));
  const { part, port } = await startGateway(folder, options);
  try {
    return (await load(port, size, options.perRow ? { warmUp: 0 } : {})).acksPerSecond;
  } finally {
    await part.kill9();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function startGateway(
  folder: string,
  options: { readonly perRow?: boolean; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<{ part: Part; port: number }> {
  const bundle = join(folder, "bundle");
  await writeBundle(bundle);
  await registerClients(folder);
  const port = await freePort();
  const settings = [
    `dataDir=${folder}`,
    "log.level=error",
    "mqtt.port=0",
    `mqtt.plainLoopbackPort=${port}`,
    "mqtt.publishPerSecond=1000000",
    "mqtt.publishBurst=1000000",
    ...(options.perRow ? ["spool.maxGroup=1"] : []),
    "engine.url=http://127.0.0.1:9", // the discard port: refused at once
    "http.host=127.0.0.1",
    "http.port=0",
  ];
  const args = ["start", "--site-bundle", bundle, ...settings.flatMap((setting) => ["--set", setting])];
  const part = new Part({
    script: "dist/gateway/main.js",
    args,
    env: { ...options.env, NODE_OPTIONS: unitNodeOptions() },
  });
  part.start();
  await part.whenReady();
  return { part, port };
}

/** How a site's gateway runs Node. @throws {Error} when the unit does not say */
function unitNodeOptions(): string {
  const unit = readFileSync(join(repository, "hardware/image/systemd/bluepost-gateway.service"), "utf8");
  const options = /^Environment="NODE_OPTIONS=(.+)"$/m.exec(unit)?.[1];
  if (options === undefined) throw new Error("the gateway's unit names no NODE_OPTIONS");
  return options;
}

async function writeBundle(folder: string): Promise<void> {
  const { identity } = await makeSite();
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "authority.crt.pem"), identity.authority.certificatePem);
  writeFileSync(join(folder, "authority.key.pem"), identity.authority.privateKeyPem);
  writeFileSync(join(folder, "trust.json"), JSON.stringify({ ...identity.trust, gateway: "" }));
}

/** Enters the clients of the load as kiosks, without certificates: they come over the loopback listener. */
async function registerClients(folder: string): Promise<void> {
  const db = await Database.open({ file: join(folder, "registry.db") });
  await migrate(db, join(repository, "gateway/registry/migrations"));
  await db.run(
    `INSERT INTO devices (device, venue, venue_name, gate, fingerprint, added_ms)
     SELECT value, '7k3m9q2x', 'Bench', 1, '', 0 FROM json_each(?)`,
    [JSON.stringify(Array.from({ length: CLIENTS }, (_, client) => loadDevice(client)))],
  );
  await db.close();
}

async function hasMosquitto(home: string): Promise<boolean> {
  const broker = await startMosquitto({ folder: join(home, "probe") });
  await broker?.process.kill9();
  return broker !== null;
}

async function mosquittoRate(home: string, size: Size): Promise<number> {
  const folder = mkdtempSync(join(home, "mosquitto-"));
  const broker = await startMosquitto({ folder });
  if (!broker) throw new Error(NO_MOSQUITTO);
  try {
    return (await load(broker.port, size, { durableSubscriber: true })).acksPerSecond;
  } finally {
    await broker.process.kill9();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Kills the gateway under full load and counts what it acknowledged and no longer has. */
async function lostMessages(home: string, kills: number, progress: (line: string) => void): Promise<number> {
  let lost = 0;
  for (let kill = 0; kill < kills; kill += 1) {
    const folder = mkdtempSync(join(home, "killed-"));
    const { part, port } = await startGateway(folder);
    const stored = join(folder, "spool.db");
    const killer = killWhenBusy(part, stored);
    const { ackedSeqs, acked } = await load(port, { messages: 1_500, durationMs: 20_000 }, { warmUp: 0 });
    await killer;
    const kept = await keptSeqs(stored);
    const gone = ackedSeqs.flatMap((seqs, client) => seqs.filter((seq) => !kept.has(`${loadDevice(client)} ${seq}`)));
    lost += gone.length;
    progress(`kill ${kill + 1}/${kills}: ${acked} acknowledged, ${gone.length} lost`);
    rmSync(folder, { recursive: true, force: true });
  }
  return lost;
}

async function killWhenBusy(part: Part, file: string): Promise<void> {
  const db = await Database.open({ file, readOnly: true });
  try {
    for (;;) {
      const row = await db.get<{ n: number }>("SELECT count(*) AS n FROM batches");
      if ((row?.n ?? 0) > 20_000 + Math.random() * 20_000) break;
    }
  } finally {
    await part.kill9();
    await db.close();
  }
}

async function keptSeqs(file: string): Promise<ReadonlySet<string>> {
  const db = await Database.open({ file });
  const rows = await db.all<{ device: string; from_seq: number }>(
    "SELECT s.device, b.from_seq FROM batches b JOIN streams s ON s.id = b.stream_id",
  );
  await db.close();
  return new Set(rows.map(({ device, from_seq }) => `${device} ${from_seq}`));
}
