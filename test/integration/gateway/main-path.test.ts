import type { MqttClient } from "mqtt";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { HttpEngineClient } from "../../../gateway/delivery/http-engine-client.ts";
import { decodeReceipt, type Receipt } from "../../../protocol/checkin/receipt.ts";
import { decodeSignedTime } from "../../../protocol/checkin/signed-time.ts";
import { importVerifyKey, parseCose1, verifyCose1 } from "../../../protocol/cose.ts";
import { parseDeviceId } from "../../../protocol/ids.ts";
import { topicOf } from "../../../protocol/mqtt/topics.ts";
import { certificatePublicKey } from "../../../runtime/pki/chain.ts";
import { openPageRig } from "../../support/fleet-page.ts";
import { doorOf, type GatewayRig, makeSite, openGatewayRig } from "../../support/gateway-rig.ts";
import type { TestSite } from "../../support/gateway-site.ts";
import { connectDoor } from "../../support/mqtt-door.ts";
import { StubEngine } from "../../support/stub-engine.ts";
import { waitFor } from "../../support/wait-for.ts";

const device = parseDeviceId("door-a");
const row = { kind: "anchor" } as const;
let site: TestSite;

beforeAll(async () => {
  site = await makeSite();
});

interface Door {
  readonly client: MqttClient;
  readonly receipts: Receipt[];
  readonly raw: Map<string, Buffer[]>;
  publish(leaf: "checkins" | "presence" | "health" | "time-request" | "state", payload: Uint8Array): Promise<void>;
}

/** Connects door-a over TLS and subscribes as a kiosk does. */
async function openDoor(rig: GatewayRig, bundle: Awaited<ReturnType<GatewayRig["add"]>>, boot?: string): Promise<Door> {
  const { identity } = rig.site;
  const client = await connectDoor({ site: identity.site, device, port: rig.tlsPort, bundle, ...(boot && { boot }) });
  onTestFinished(() => void client.end(true));
  const receipts: Receipt[] = [];
  const raw = new Map<string, Buffer[]>();
  client.on("message", (topic, payload) => {
    const leaf = topic.split("/").at(-1) as string;
    raw.set(leaf, [...(raw.get(leaf) ?? []), payload]);
    if (leaf === "receipt") receipts.push(decodeReceipt(parseCose1(payload).payload));
  });
  await client.subscribeAsync([topicOf(identity.site, device, "receipt"), topicOf(identity.site, device, "time")], {
    qos: 1,
  });
  const publish: Door["publish"] = async (leaf, payload) => {
    await client.publishAsync(topicOf(identity.site, device, leaf), Buffer.from(payload), { qos: 1 });
  };
  return { client, receipts, raw, publish };
}

describe("a batch's way over TLS and HTTP", () => {
  it("ends in the engine, and its receipt at the kiosk, byte for byte", async () => {
    const engine = await StubEngine.create(site);
    const server = await engine.serve();
    onTestFinished(server.close);
    const rig = await openGatewayRig({ site, engine: new HttpEngineClient({ url: server.url, timeoutMs: 5_000 }) });
    const door = await openDoor(rig, await rig.add(device));
    const maker = await doorOf(site, device);
    for (let i = 0; i < 3; i += 1) await door.publish("checkins", (await maker.batch([row, row])).bytes);
    await waitFor(() => door.receipts.some(({ kind, upto }) => kind === "store" && upto === 6));
    expect(engine.stored).toEqual(["door-a 1", "door-a 3", "door-a 5"]);
    const last = door.raw.get("receipt")?.at(-1) as Buffer;
    await verifyCose1(parseCose1(last), await importVerifyKey(site.receiptPair.publicKey));
    await waitFor(async () => (await rig.gateway.status()).spool.batches === 0);
  });

  it("carries the presence stream on its own leaf", async () => {
    const engine = await StubEngine.create(site);
    const rig = await openGatewayRig({ site, engine });
    const door = await openDoor(rig, await rig.add(device));
    const maker = (await doorOf(site, device)).reborn({ stream: "p" });
    await door.publish("presence", (await maker.batch([{ kind: "presence" }])).bytes);
    await waitFor(() => door.receipts.some(({ stream, kind }) => stream === "p" && kind === "store"));
  });

  it("tells the kiosk of custody while the engine is down, under the gateway's key, and once a stream", async () => {
    const engine = await StubEngine.create(site);
    engine.down = true;
    const rig = await openGatewayRig({ site, engine });
    const door = await openDoor(rig, await rig.add(device));
    const maker = await doorOf(site, device);
    for (let i = 0; i < 20; i += 1) await door.publish("checkins", (await maker.batch([row])).bytes);
    await waitFor(() => door.receipts.some(({ upto }) => upto === 20));
    expect(door.receipts.every(({ kind }) => kind === "custody")).toBe(true);
    expect(door.receipts.length).toBeLessThan(10);
    const key = await importVerifyKey(certificatePublicKey(site.identity.gateway.certificatePem));
    await verifyCose1(parseCose1(door.raw.get("receipt")?.[0] as Buffer), key);
  });

  it("delivers what waited, in order, when the engine comes back, also after a restart of the gateway", async () => {
    const engine = await StubEngine.create(site);
    engine.down = true;
    const flags = ["engine.backoffFirstMs=20", "engine.backoffMaxMs=50"];
    const first = await openGatewayRig({ site, engine, flags });
    const bundle = await first.add(device);
    const door = await openDoor(first, bundle);
    const maker = await doorOf(site, device);
    for (let i = 0; i < 80; i += 1) await door.publish("checkins", (await maker.batch([row])).bytes);
    await waitFor(async () => (await first.gateway.status()).engine.failures > 2);
    await first.gateway.close();
    const second = await openGatewayRig({ site, engine, folder: first.folder, flags });
    engine.down = false;
    await waitFor(async () => (await second.gateway.status()).spool.batches === 0);
    expect(engine.stored).toEqual(Array.from({ length: 80 }, (_, at) => `door-a ${at + 1}`));
    const again = await openDoor(second, bundle);
    await waitFor(() => again.receipts.some(({ kind, upto }) => kind === "store" && upto === 80));
  });

  it("repeats the store receipt to a kiosk that repeats a batch", async () => {
    const engine = await StubEngine.create(site);
    const rig = await openGatewayRig({ site, engine });
    const door = await openDoor(rig, await rig.add(device));
    const { bytes } = await (await doorOf(site, device)).batch([row]);
    await door.publish("checkins", bytes);
    await waitFor(() => door.receipts.some(({ kind }) => kind === "store"));
    const before = door.receipts.length;
    await door.publish("checkins", bytes);
    await waitFor(() => door.receipts.length > before);
    expect(door.receipts.at(-1)).toMatchObject({ kind: "store", upto: 1 });
    expect(engine.requests).toEqual([1]);
  });

  it("answers a copied card's batch with a fork receipt of its own, acknowledges it, and keeps the chain", async () => {
    const engine = await StubEngine.create(site);
    engine.down = true;
    const rig = await openGatewayRig({ site, engine });
    const door = await openDoor(rig, await rig.add(device));
    const maker = await doorOf(site, device);
    const clone = maker.clone();
    await door.publish("checkins", (await maker.batch([row])).bytes);
    await door.publish("checkins", (await clone.batch([{ ...row, gate: 9 }])).bytes);
    await waitFor(() => door.receipts.some(({ kind, epoch }) => kind === "fork" && epoch === maker.epoch));
    const status = await rig.gateway.status();
    expect(status.spool).toMatchObject({ batches: 1, quarantined: { fork: 1 } });
    expect(status.counters["stream.forked"]).toBe(1);
    const reborn = clone.reborn();
    await door.publish("checkins", (await reborn.batch([{ ...row, gate: 9 }])).bytes);
    expect((await rig.gateway.status()).spool.batches).toBe(2);
  });

  it("acknowledges any payload on an own topic and puts what is no batch aside", async () => {
    const engine = await StubEngine.create(site);
    const rig = await openGatewayRig({ site, engine });
    const door = await openDoor(rig, await rig.add(device));
    const maker = await doorOf(site, device);
    const good = await maker.batch([row]);
    const noise = Array.from({ length: 60 }, (_, at) => {
      const bytes = Buffer.from(good.bytes);
      const changed = (at * 19 + 7) % bytes.length;
      bytes[changed] = (bytes[changed] as number) ^ 0xff;
      return at % 3 === 0 ? bytes.subarray(0, changed) : at % 3 === 1 ? Buffer.alloc(at * 40, at) : bytes;
    });
    for (const payload of noise) await door.publish("checkins", payload);
    for (const leaf of ["health", "state", "time-request"] as const) await door.publish(leaf, Buffer.from("}{"));
    await door.publish("checkins", (await maker.batch([row])).bytes);
    const { spool, counters } = await rig.gateway.status();
    expect(spool.quarantined["malformed"]).toBeGreaterThanOrEqual(40);
    expect([counters["message.malformed"], door.client.connected]).toEqual([3, true]);
  });

  it("answers signed time with the asker's nonce", async () => {
    const rig = await openGatewayRig({
      site,
      engine: await StubEngine.create(site),
      flags: ["time.syncedUncertaintyMs=77"],
    });
    const door = await openDoor(rig, await rig.add(device));
    const before = Date.now();
    await door.publish("time-request", Buffer.from(JSON.stringify({ nonce: "00112233445566778899aabbccddeeff" })));
    await waitFor(() => door.raw.has("time"));
    const message = parseCose1(door.raw.get("time")?.[0] as Buffer);
    await verifyCose1(message, await importVerifyKey(certificatePublicKey(site.identity.trust.gateway)));
    const time = decodeSignedTime(message.payload);
    expect([Buffer.from(time.nonce).toString("hex"), time.uncertaintyMs]).toEqual([
      "00112233445566778899aabbccddeeff",
      77,
    ]);
    expect(time.timeMs).toBeGreaterThanOrEqual(before);
  });

  it("signs no time while its own clock is surely wrong, and what it is worth after that", async () => {
    const clock: { doubtMs: number | null } = { doubtMs: null };
    const engine = await StubEngine.create(site);
    const rig = await openGatewayRig({ site, engine, uncertaintyMs: () => clock.doubtMs });
    const { url } = await openPageRig(rig);
    const door = await openDoor(rig, await rig.add(device));
    const nonce = "00112233445566778899aabbccddeeff";
    const ask = (): Promise<unknown> => door.publish("time-request", Buffer.from(JSON.stringify({ nonce })));
    await ask();
    const refused = await fetch(`${url}/time?nonce=${nonce}`);
    expect([refused.status, await refused.json()]).toEqual([503, expect.objectContaining({ code: "clock_unset" })]);
    clock.doubtMs = 86_400_000;
    await ask();
    await waitFor(() => door.raw.has("time"));
    const told = door.raw.get("time")?.map((bytes) => decodeSignedTime(parseCose1(bytes as Buffer).payload));
    expect(told?.map(({ uncertaintyMs }) => uncertaintyMs)).toEqual([86_400_000]);
  });
});

describe("sessions of one identity", () => {
  it("of two machines alive at once, keep the first, refuse the second, and alarm", async () => {
    const rig = await openGatewayRig({ site, engine: await StubEngine.create(site) });
    const bundle = await rig.add(device);
    const door = await openDoor(rig, bundle, "aaaaaaaa");
    await expect(openDoor(rig, bundle, "bbbbbbbb")).rejects.toThrow(/Not authorized/i);
    const { counters } = await rig.gateway.status();
    expect([door.client.connected, counters["session.clone_suspected"]]).toEqual([true, 1]);
  });

  it("go to the restarted machine when the old connection is dead", async () => {
    const rig = await openGatewayRig({ site, engine: await StubEngine.create(site), flags: ["mqtt.probeMs=200"] });
    const bundle = await rig.add(device);
    const door = await openDoor(rig, bundle, "aaaaaaaa");
    door.client.stream.pause(); // hangs: answers nothing any more
    const fresh = await openDoor(rig, bundle, "bbbbbbbb");
    expect(fresh.client.connected).toBe(true);
    expect((await rig.gateway.status()).counters["session.clone_suspected"]).toBeUndefined();
  });

  it("end within two seconds of a revocation, and do not come back", async () => {
    const rig = await openGatewayRig({ site, engine: await StubEngine.create(site) });
    const bundle = await rig.add(device);
    const door = await openDoor(rig, bundle);
    await rig.registry.revoke(device, Date.now() as never);
    await waitFor(() => !door.client.connected);
    await expect(openDoor(rig, bundle)).rejects.toThrow();
  });

  it("of a device that was never registered are refused although its certificate is good", async () => {
    const rig = await openGatewayRig({ site, engine: await StubEngine.create(site) });
    await expect(openDoor(rig, await site.device(device))).rejects.toThrow();
  });

  it("of another site's device, or without a certificate, get no TLS connection", async () => {
    const rig = await openGatewayRig({ site, engine: await StubEngine.create(site) });
    await rig.add(device);
    const foreign = await makeSite("market-2");
    const stranger = { ...(await foreign.device(device)), trust: site.identity.trust };
    await expect(openDoor(rig, stranger)).rejects.toThrow();
    const { key: _key, cert: _cert, ...without } = { key: "", cert: "", bundle: await site.device(device) };
    await expect(openDoor(rig, { ...without.bundle, privateKeyPem: "", certificatePem: "" })).rejects.toThrow();
    await waitFor(async () => ((await rig.gateway.status()).counters["violation.foreign_certificate"] ?? 0) >= 2);
  });

  it("cannot take another device's name", async () => {
    const rig = await openGatewayRig({ site, engine: await StubEngine.create(site) });
    const bundle = await rig.add("door-b");
    await expect(openDoor(rig, bundle)).rejects.toThrow(/Identifier rejected/i);
  });
});
