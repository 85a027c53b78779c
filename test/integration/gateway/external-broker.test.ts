import type { MqttClient } from "mqtt";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { BrokerEvents, DeviceSession } from "../../../gateway/app.ts";
import type { BrokerKind } from "../../../gateway/broker/external/access-rules.ts";
import type { MqttBroker } from "../../../gateway/broker/external/mqtt-broker.ts";
import { shareGroup } from "../../../gateway/broker/external/share-group.ts";
import type { DeviceBundle } from "../../../gateway/registry/device-bundle.ts";
import { parseDeviceId } from "../../../protocol/ids.ts";
import type { TestDevice } from "../../support/batches.ts";
import { type ExternalBroker, externalWorker, missing, startExternal } from "../../support/external-brokers.ts";
import { doorOf, makeSite } from "../../support/gateway-rig.ts";
import type { TestSite } from "../../support/gateway-site.ts";
import { connectDoor } from "../../support/mqtt-door.ts";
import { tempFolder, waitFor } from "../../support/processes.ts";

let site: TestSite;
const bundles = new Map<string, DeviceBundle>();

beforeAll(async () => {
  site = await makeSite();
  for (const name of ["door-a", "door-b"]) bundles.set(name, await site.device(name));
});

/** What one worker of the gateway heard. */
class Worker implements BrokerEvents {
  readonly broker: MqttBroker;
  readonly heard: string[] = [];
  readonly told: string[] = [];
  readonly violations: string[] = [];
  live = new Set<DeviceSession>();

  constructor(broker: MqttBroker) {
    this.broker = broker;
  }
  admit(): Promise<{ kind: "admitted" }> {
    return Promise.resolve({ kind: "admitted" });
  }
  connected(session: DeviceSession): void {
    this.live.add(session);
  }
  closed(session: DeviceSession): void {
    this.live.delete(session);
  }
  subscribed(): void {}
  published(session: DeviceSession, leaf: string, payload: Uint8Array): Promise<void> {
    if (leaf === "checkins") this.heard.push(`${session.device} ${Buffer.from(payload).toString("latin1")}`);
    if (leaf === "peer-report" || leaf === "site-key-request") this.told.push(`${session.device} ${leaf}`);
    return Promise.resolve();
  }
  violated(kind: string, device: string | null): void {
    this.violations.push(`${kind} ${device}`);
  }
}

async function start(kind: BrokerKind): Promise<ExternalBroker> {
  const server = await startExternal(kind, site, tempFolder());
  onTestFinished(async () => void (await server.process.kill9()));
  return server;
}

async function worker(port: number, change: Parameters<typeof externalWorker>[2] = {}): Promise<Worker> {
  const one = new Worker(externalWorker(site, port, { isBy: () => Promise.resolve(true), ...change }));
  await one.broker.open(one);
  onTestFinished(() => one.broker.close());
  return one;
}

async function door(port: number, name = "door-a"): Promise<MqttClient> {
  const client = await connectDoor({
    site: site.identity.site,
    device: parseDeviceId(name),
    port,
    bundle: bundles.get(name)!,
  });
  onTestFinished(() => void client.end(true));
  return client;
}

const topic = (leaf: string, name = "door-a"): string => `bluepost/v1/school-1/${name}/${leaf}`;
const send = (client: MqttClient, text: string | Uint8Array, name = "door-a"): Promise<unknown> =>
  client.publishAsync(topic("checkins", name), Buffer.from(text as string), { qos: 1 });

for (const kind of ["mosquitto", "nats"] as const) {
  const noBroker = missing(kind);
  describe.skipIf(noBroker !== "")(`a gateway at ${kind} ${noBroker}`, () => {
    it.each(kind === "mosquitto" ? (["3.1.1", "5"] as const) : (["3.1.1"] as const))(
      "gets what came while it was away, and nothing twice that it acknowledged, over MQTT %s",
      async (protocol) => {
        const { port } = await start(kind);
        const limits = { maxPacketBytes: 131_072, publishPerSecond: 1, publishBurst: 10 }; // what waited is no flood
        const first = await worker(port, { protocol, limits });
        const client = await door(port);
        await send(client, "before");
        await waitFor(() => first.heard.length === 1);
        await first.broker.close();
        for (let n = 0; n < 50; n += 1) await send(client, `away ${n}`);
        const second = await worker(port, { protocol, limits });
        await waitFor(() => second.heard.length >= 50);
        expect(second.heard).toEqual(Array.from({ length: 50 }, (_, n) => `door-a away ${n}`));
      },
    );

    it("comes back to a broker that was killed, and hears the kiosks again", async () => {
      const server = await start(kind);
      const one = await worker(server.port);
      const client = await door(server.port);
      const online = JSON.stringify({ status: "online", boot: "0a0b0c0d" });
      await client.publishAsync(topic("state"), online, { qos: 1, retain: true });
      await waitFor(() => one.live.size === 1);
      await server.process.kill9();
      await waitFor(() => one.live.size === 0);
      await server.restart();
      const again = await door(server.port);
      await waitFor(() => one.broker.external.connected, { timeoutMs: 30_000 });
      await send(again, "after");
      await waitFor(() => one.heard.includes("door-a after"), { timeoutMs: 30_000 });
      expect(one.live.size).toBe(1);
    });

    it("believes a batch only when the kiosk of that topic signed it", async () => {
      const { port } = await start(kind);
      const one = new Worker(externalWorker(site, port));
      await one.broker.open(one);
      onTestFinished(() => one.broker.close());
      const [a, b] = [await doorOf(site, "door-a"), await doorOf(site, "door-b")];
      const forged = await forge(a);
      const client = await door(port);
      for (const bytes of [forged, (await b.batch([{ kind: "anchor" }])).bytes, Buffer.from("noise")])
        await send(client, bytes);
      const good = await a.batch([{ kind: "anchor" }]);
      await send(client, good.bytes);
      await waitFor(() => one.heard.length > 0);
      expect(one.heard).toEqual([`door-a ${Buffer.from(good.bytes).toString("latin1")}`]);
      expect(one.violations).toEqual(Array(3).fill("bad_signature door-a"));
    });

    it("drops what a kiosk floods it with, and hears its neighbour", async () => {
      const { port } = await start(kind);
      const limits = { maxPacketBytes: 131_072, publishPerSecond: 1, publishBurst: 20 };
      const one = await worker(port, { limits });
      const [loud, quiet] = [await door(port), await door(port, "door-b")];
      await Promise.all(Array.from({ length: 100 }, (_, n) => send(loud, `m${n}`)));
      await send(quiet, "heard", "door-b");
      await waitFor(() => one.heard.includes("door-b heard"));
      await waitFor(() => one.violations.length >= 70);
      expect(one.heard.length).toBeLessThan(30);
      expect(new Set(one.violations)).toEqual(new Set(["rate door-a"]));
    });

    it(
      kind === "mosquitto"
        ? "never sees a packet of 10 MB: the broker ends the connection"
        : "drops a packet of 10 MB, which this broker takes from a kiosk",
      async () => {
        const { port } = await start(kind);
        const one = await worker(port);
        const client = await door(port);
        const ended = new Promise((resolve) => client.once("close", () => resolve("ended")));
        const sent = send(client, Buffer.alloc(10_000_000)).then(
          () => "taken",
          () => "ended",
        );
        expect(await Promise.race([sent, ended])).toBe(kind === "mosquitto" ? "ended" : "taken");
        if (kind === "nats") await waitFor(() => one.violations.includes("oversize door-a"));
        await send(await door(port, "door-b"), "heard", "door-b");
        await waitFor(() => one.heard.length > 0);
        expect(one.heard).toEqual(["door-b heard"]);
      },
    );

    it(
      kind === "mosquitto"
        ? "shares the batches with the other worker of its group"
        : "notices that shared subscriptions deliver nothing, and takes everything",
      async () => {
        const { port } = await start(kind);
        const group = shareGroup(site.identity, "site");
        const [one, two] = [await worker(port, { group }), await worker(port, { group, worker: "2" })];
        const shares = kind === "mosquitto";
        expect([one.broker.external.shares, two.broker.external.shares]).toEqual([shares, shares]);
        const client = await door(port);
        const texts = Array.from({ length: 40 }, (_, n) => `door-a m${n}`);
        await Promise.all(texts.map((text) => send(client, text.slice(7))));
        await waitFor(() => one.heard.length + two.heard.length === (shares ? 40 : 80));
        expect([...new Set([...one.heard, ...two.heard])].sort()).toEqual([...texts].sort());
        if (shares) expect(one.heard.length).toBe(20);
      },
    );

    it("tells every worker what doors report, one of them what a door asks, and a door what is for it", async () => {
      const { port } = await start(kind);
      const group = shareGroup(site.identity, "site");
      const [one, two] = [await worker(port, { group }), await worker(port, { group, worker: "2" })];
      const [client, other] = [await door(port), await door(port, "door-b")];
      const got: string[] = [];
      other.on("message", (_topic, payload) => got.push(payload.toString()));
      await other.subscribeAsync(topic("peer", "door-b"), { qos: 1 });
      const online = JSON.stringify({ status: "online", boot: "0a0b0c0d" });
      for (const name of ["door-a", "door-b"])
        await (name === "door-a" ? client : other).publishAsync(topic("state", name), online, { qos: 1, retain: true });
      await waitFor(() => one.live.size === 2 && two.live.size === 2);
      await client.publishAsync(topic("peer-report"), "r", { qos: 0 });
      await client.publishAsync(topic("site-key-request"), "q", { qos: 0 });
      const told = (leaf: string): number =>
        [...one.told, ...two.told].filter((text) => text === `door-a ${leaf}`).length;
      const asked = kind === "mosquitto" ? 1 : 2;
      await waitFor(() => told("peer-report") === 2 && told("site-key-request") === asked);
      expect(one.told).toContain("door-a peer-report");
      for (const { broker } of [one, two]) broker.send(parseDeviceId("door-b"), "peer", Buffer.from("r"));
      await waitFor(() => got.length === 2);
    });

    it("goes on with one worker of a group when the other has stopped", async () => {
      const { port } = await start(kind);
      const group = shareGroup(site.identity, "site");
      const [one, two] = [await worker(port, { group }), await worker(port, { group, worker: "2" })];
      await two.broker.close();
      const client = await door(port);
      for (let n = 0; n < 20; n += 1) await send(client, `m${n}`);
      await waitFor(() => one.heard.length === 20);
      expect(two.heard).toEqual([]);
    });

    it("loses nothing to a kiosk that tries to join a share group", async () => {
      const { port } = await start(kind);
      const one = await worker(port, { group: shareGroup(site.identity, "site") });
      const thief = await door(port, "door-b");
      const stolen: string[] = [];
      thief.on("message", (_topic, payload) => stolen.push(payload.toString()));
      for (const group of ["site", "gateway", "+", "#"])
        await thief
          .subscribeAsync(`$share/${group}/bluepost/v1/school-1/+/checkins`, { qos: 1 })
          .catch(() => undefined);
      const client = await door(port);
      for (let n = 0; n < 20; n += 1) await send(client, `m${n}`);
      await waitFor(() => one.heard.length === 20);
      expect(stolen).toEqual([]);
    });
  });
}

/** A batch of this device with one byte of its signature changed. */
async function forge(device: TestDevice): Promise<Uint8Array> {
  const bytes = Uint8Array.from((await device.clone().batch([{ kind: "anchor" }])).bytes);
  bytes.set([(bytes.at(-1) ?? 0) ^ 1], bytes.length - 1);
  return bytes;
}
