import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { SiteRegistry } from "../../../gateway/app.ts";
import { parseDeviceId, parseVenueId } from "../../../protocol/ids.ts";
import type { WallMs } from "../../../protocol/units.ts";
import { Database } from "../../../runtime/sqlite/database.ts";
import { doorOf, makeSite } from "../../support/gateway-rig.ts";
import type { TestSite } from "../../support/gateway-site.ts";
import { connectPacket, publishPacket } from "../../support/mqtt-wire.ts";
import { freePort, Part, spawnPart, tempFolder, waitFor } from "../../support/processes.ts";
import { RawClient } from "../../support/raw-mqtt.ts";

const KILLS = Number(process.env["BLUEPOST_KILLS"] ?? 10);
const CLIENTS = 8;
const BATCHES = 150;
let site: TestSite;

beforeAll(async () => {
  site = await makeSite();
});

async function register(folder: string, names: readonly string[]): Promise<void> {
  const registry = await SiteRegistry.open(join(folder, "registry.db"));
  for (const name of names) {
    const place = { venue: parseVenueId("7k3m9q2x"), venueName: "School", gate: 1, fingerprint: "" };
    await registry.add({ ...place, device: parseDeviceId(name) }, Date.now() as WallMs);
  }
  await registry.close();
}

/** Arguments of a real gateway process in `folder`, with its loopback listener open and no engine in reach. */
async function gatewayArgs(folder: string): Promise<{ args: string[]; port: number }> {
  const bundle = join(folder, "bundle");
  mkdirSync(bundle, { recursive: true });
  const { authority, trust } = site.identity;
  writeFileSync(join(bundle, "authority.crt.pem"), authority.certificatePem);
  writeFileSync(join(bundle, "authority.key.pem"), authority.privateKeyPem);
  writeFileSync(join(bundle, "trust.json"), JSON.stringify({ ...trust, gateway: "" }));
  const port = await freePort();
  const settings = [
    `dataDir=${folder}`,
    "log.level=error",
    "mqtt.host=127.0.0.1",
    "mqtt.port=0",
    `mqtt.plainLoopbackPort=${port}`,
    "mqtt.publishPerSecond=100000",
    "mqtt.publishBurst=100000",
    "engine.url=http://127.0.0.1:9",
    "http.host=127.0.0.1",
    "http.port=0",
  ];
  return { args: ["start", "--site-bundle", bundle, ...settings.flatMap((one) => ["--set", one])], port };
}

async function connected(port: number, device: string): Promise<RawClient> {
  const client = await RawClient.open(port);
  client.write(connectPacket({ clientId: device, username: "boot:0a0b0c0d", keepAliveSeconds: 60 }));
  await waitFor(() => client.connack === 0);
  return client;
}

async function spooled(folder: string): Promise<ReadonlySet<string>> {
  const db = await Database.open({ file: join(folder, "spool.db") });
  const rows = await db.all<{ device: string; from_seq: number }>(
    "SELECT s.device, b.from_seq FROM batches b JOIN streams s ON s.id = b.stream_id",
  );
  await db.close();
  return new Set(rows.map(({ device, from_seq }) => `${device} ${from_seq}`));
}

describe("a gateway process", () => {
  it(`has every acknowledged batch after each of ${KILLS} kills under load`, { timeout: 600_000 }, async () => {
    const folder = tempFolder();
    const names = Array.from({ length: CLIENTS }, (_, at) => `door-${at}`);
    await register(folder, names);
    const { args, port } = await gatewayArgs(folder);
    const acked = new Set<string>();
    const makers = await Promise.all(names.map((name) => doorOf(site, name)));
    const gateway = new Part({ script: "dist/gateway/main.js", args });
    for (let kill = 0; kill < KILLS; kill += 1) {
      const batches = await Promise.all(
        makers.map(async (maker) => {
          const life = maker.reborn(); // a round's chain of its own: what the last round lost does not matter to it
          const made: Uint8Array[] = [];
          for (let at = 0; at < BATCHES; at += 1) made.push((await life.batch([{ kind: "anchor" }])).bytes);
          return { epoch: life.epoch, made };
        }),
      );
      gateway.start();
      await gateway.whenReady();
      const before = acked.size;
      const clients = await Promise.all(names.map((name) => connected(port, name)));
      for (const [at, client] of clients.entries()) {
        const { epoch, made } = batches[at]!;
        const name = names[at]!;
        const topic = Buffer.from(`bluepost/v1/school-1/${name}/checkins`);
        client.onAck = (id) => acked.add(`${name} ${epoch} ${id}`);
        client.write(...made.map((bytes, index) => publishPacket(topic, index + 1, bytes)));
      }
      const wanted = before + 1 + Math.floor(Math.random() * CLIENTS * BATCHES * 0.8);
      await waitFor(() => acked.size >= wanted, { timeoutMs: 30_000, everyMs: 1 });
      await gateway.kill9();
      for (const client of clients) client.destroy();
      const db = await Database.open({ file: join(folder, "spool.db") });
      const rows = await db.all<{ device: string; epoch: string; from_seq: number }>(
        "SELECT s.device, s.epoch, b.from_seq FROM batches b JOIN streams s ON s.id = b.stream_id",
      );
      await db.close();
      const kept = new Set(rows.map(({ device, epoch, from_seq }) => `${device} ${epoch} ${from_seq}`));
      expect([...acked].filter((batch) => !kept.has(batch))).toEqual([]);
    }
  });

  it("survives a thousand pipelining clients that drop at once", async () => {
    const [folder, count] = [tempFolder(), 1_000];
    const names = Array.from({ length: count }, (_, at) => `door-${at}`);
    await register(folder, names);
    const { args, port } = await gatewayArgs(folder);
    const gateway = await spawnPart({ script: "dist/gateway/main.js", args });
    const bytes = (await (await doorOf(site, "door-0")).batch([{ kind: "anchor" }])).bytes;
    const clients: RawClient[] = [];
    for (let at = 0; at < count; at += 50) {
      clients.push(...(await Promise.all(names.slice(at, at + 50).map((name) => connected(port, name)))));
    }
    for (const [at, client] of clients.entries()) {
      const topic = Buffer.from(`bluepost/v1/school-1/${names[at]}/checkins`);
      client.write(...Array.from({ length: 16 }, (_, id) => publishPacket(topic, id + 1, bytes)));
    }
    await waitFor(() => clients.some(({ acked }) => acked.length > 0));
    for (const client of clients) client.destroy();
    const last = await connected(port, "door-0");
    const topic = Buffer.from("bluepost/v1/school-1/door-0/checkins");
    last.write(publishPacket(topic, 7, bytes));
    await waitFor(() => last.acked.includes(7));
    expect(gateway.errorLines).toEqual([]);
    expect((await spooled(folder)).has("door-0 1")).toBe(true);
    last.destroy();
    expect(await gateway.stop()).toMatchObject({ code: 0 });
  });
});
