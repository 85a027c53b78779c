import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { Database } from "../../../runtime/sqlite/database.ts";
import type { TestDevice } from "../../support/batches.ts";
import { connected, gatewayArgs, register } from "../../support/gateway-process.ts";
import { doorOf, makeSite } from "../../support/gateway-rig.ts";
import type { TestSite } from "../../support/gateway-site.ts";
import { publishPacket, subscribePacket } from "../../support/mqtt-wire.ts";
import { Part, spawnPart, tempFolder, waitFor } from "../../support/processes.ts";
import { mqttPacket, type RawClient } from "../../support/raw-mqtt.ts";

const KILLS = Number(process.env["BLUEPOST_KILLS"] ?? (process.env["BLUEPOST_NIGHTLY"] ? 100 : 10));
const CLIENTS = 8;
const BATCHES = 150;
/** Rounds of one set of doors: a gateway puts batches aside when a door has had too many lives. */
const LIVES = 30;
let site: TestSite;

beforeAll(async () => {
  site = await makeSite();
});

async function spooled(folder: string): Promise<ReadonlySet<string>> {
  const db = await Database.open({ file: join(folder, "spool.db") });
  const rows = await db.all<{ device: string; from_seq: number }>(
    "SELECT s.device, b.from_seq FROM batches b JOIN streams s ON s.id = b.stream_id",
  );
  await db.close();
  return new Set(rows.map(({ device, from_seq }) => `${device} ${from_seq}`));
}

describe("a gateway process", () => {
  it(`has every acknowledged batch after each of ${KILLS} kills under load`, { timeout: KILLS * 60_000 }, async () => {
    const folder = tempFolder();
    const doors = Array.from({ length: CLIENTS * Math.ceil(KILLS / LIVES) }, (_, at) => `door-${at}`);
    await register(folder, doors);
    const { args, port } = await gatewayArgs(site, folder);
    const acked = new Set<string>();
    let makers: readonly TestDevice[] = [];
    const gateway = new Part({ script: "dist/gateway/main.js", args });
    for (let kill = 0; kill < KILLS; kill += 1) {
      const first = Math.floor(kill / LIVES) * CLIENTS;
      const names = doors.slice(first, first + CLIENTS);
      if (kill % LIVES === 0) makers = await Promise.all(names.map((name) => doorOf(site, name)));
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

  it.each([
    ["batches", (name: string, id: number, batch: Uint8Array) => publishPacket(topicOf(name, "checkins"), id, batch)],
    // What reaches aedes itself: its emitter must have no bound on concurrency, or it dies of a stack overflow here.
    ["answers", (name: string, id: number) => publishPacket(topicOf(name, "cmd-result/x"), id, Buffer.from("{}"))],
    ["state without QoS", (name: string) => mqttPacket(0x30, lengthOf(topicOf(name, "health")), Buffer.from("{}"))],
  ])("survives a thousand clients that pipeline %s and drop at once", async (_what, packet) => {
    const [folder, count] = [tempFolder(), 1_000];
    const names = Array.from({ length: count }, (_, at) => `door-${at}`);
    await register(folder, names);
    const { args, port } = await gatewayArgs(site, folder);
    const gateway = await spawnPart({ script: "dist/gateway/main.js", args });
    const bytes = (await (await doorOf(site, "door-0")).batch([{ kind: "anchor" }])).bytes;
    const clients: RawClient[] = [];
    for (let at = 0; at < count; at += 50) {
      clients.push(...(await Promise.all(names.slice(at, at + 50).map((name) => connected(port, name)))));
    }
    for (const [at, client] of clients.entries()) {
      const name = names[at] ?? "";
      client.write(
        subscribePacket(`bluepost/v1/school-1/${name}/receipt`, 99),
        ...Array.from({ length: 16 }, (_, id) => packet(name, id + 1, bytes)),
      );
    }
    await waitFor(() => clients.some(({ subacks }) => subacks.length > 0)); // it is at work on them
    for (const client of clients) client.destroy();
    const last = await connected(port, "door-0");
    last.write(publishPacket(topicOf("door-0", "checkins"), 7, bytes));
    await waitFor(() => last.acked.includes(7));
    expect(gateway.errorLines).toEqual([]);
    expect((await spooled(folder)).has("door-0 1")).toBe(true);
    last.destroy();
    expect(await gateway.stop()).toMatchObject({ code: 0 });
  });
});

function topicOf(name: string, leaf: string): Uint8Array {
  return Buffer.from(`bluepost/v1/school-1/${name}/${leaf}`);
}

/** A topic as a packet has it. */
function lengthOf(topic: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.of(topic.length >> 8, topic.length & 255), topic]);
}
