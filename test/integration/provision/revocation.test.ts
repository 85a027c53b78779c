import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Engine, issueSiteBundle } from "../../../engine/app.ts";
import { SiteRegistry } from "../../../gateway/app.ts";
import { HttpEngineClient } from "../../../gateway/delivery/http-engine-client.ts";
import { RevocationFetcher } from "../../../gateway/delivery/revocation-fetcher.ts";
import { createGatewayIdentity, type GatewayIdentity } from "../../../gateway/registry/identity.ts";
import { marksIn } from "../../../gateway/spool/stream-marks.ts";
import { encodeRevocations, type Revocation, type StreamMark } from "../../../protocol/checkin/revocations.ts";
import { type CoseKey, importSigningKey, signCose1 } from "../../../protocol/cose.ts";
import { parseDeviceId, parseSiteId, parseVenueId, type SiteId } from "../../../protocol/ids.ts";
import { topicOf } from "../../../protocol/mqtt/topics.ts";
import type { WallMs } from "../../../protocol/units.ts";
import { silentLogger } from "../../../runtime/log.ts";
import { nodeCrypto } from "../../../runtime/node-crypto.ts";
import { createLeaf, gatewayName } from "../../../runtime/pki/authority.ts";
import { pemToChain, rawKeyPair } from "../../../runtime/pki/chain.ts";
import { systemTimers } from "../../../runtime/timers.ts";
import { makeDevice, TEST_NOW, type TestDevice } from "../../support/batches.ts";
import { dumpEngine } from "../../support/engine-dump.ts";
import { openTestEngine } from "../../support/engines.ts";
import { openGatewayRig } from "../../support/gateway-rig.ts";
import { connectDoor } from "../../support/mqtt-door.ts";
import { tempFolder } from "../../support/temp.ts";
import { waitFor } from "../../support/wait-for.ts";

const SITE = parseSiteId("school-1");
const an = { scheme: "cccd", id: "001099000001" } as const;

async function identityAt(engine: Engine, site: SiteId = SITE): Promise<GatewayIdentity> {
  const bundle = await issueSiteBundle(engine.keys, { crypto: nodeCrypto, site, nowMs: TEST_NOW });
  return createGatewayIdentity(bundle, TEST_NOW);
}

interface Signer {
  readonly key: CoseKey;
  readonly x5chain: readonly Uint8Array[];
}

function signerOf({ signingKey, gateway, authority }: GatewayIdentity): Signer {
  return { key: signingKey, x5chain: pemToChain(gateway.certificatePem + authority.certificatePem) };
}

type Line = Partial<Revocation> & { readonly marks?: readonly StreamMark[] };

function listOf(signer: Signer, lines: readonly Line[], site: SiteId = SITE): Promise<Uint8Array> {
  const device = parseDeviceId("door-a");
  const whole = { number: 1, device, reason: "stolen", revokedAt: TEST_NOW, marks: [] } as const;
  const entries = lines.map((line, at) => ({ ...whole, number: at + 1, ...line }));
  return signCose1(encodeRevocations({ site, issuedAt: TEST_NOW, entries }), signer);
}

const markAt = (door: TestDevice, upto: number): StreamMark => ({ epoch: door.epoch, stream: "c", upto });

describe("the engine and a revoked kiosk", () => {
  it("takes what its gateway had before, and puts aside what it signs after, with the reason", async () => {
    const { engine, authority, folder } = await openTestEngine();
    const identity = await identityAt(engine);
    const door = await makeDevice(authority);
    const [before, after] = [await door.batch([{ who: an }]), await door.batch([{ who: an, kind: "out" }])];
    const born = await door.reborn().batch([{ who: an }]);
    const list = await listOf(signerOf(identity), [{ marks: [markAt(door, 1)] }]);
    expect(await engine.takeRevocations(list)).toEqual({ kind: "taken", number: 1 });
    const { results } = await engine.ingest([before.bytes, after.bytes, born.bytes]);
    expect(results.map(({ verdict, reason }) => [verdict, reason])).toEqual([
      ["stored", undefined],
      ["refused", "revoked"],
      ["refused", "revoked"],
    ]);
    const letters = JSON.stringify(await dumpEngine(folder));
    expect(letters).toContain("revoked");
    const other = await (await makeDevice(authority, { device: "door-b" })).batch([{ who: an }]);
    expect((await engine.ingest([other.bytes])).results[0]?.verdict).toBe("stored");
  });

  it("remembers the list over a restart, and shows it to who sends an older one", async () => {
    const { engine, authority, folder } = await openTestEngine();
    const signer = signerOf(await identityAt(engine));
    const two = await listOf(signer, [{}, { device: parseDeviceId("door-b") }]);
    const one = await listOf(signer, [{}]);
    await engine.takeRevocations(two);
    expect(await engine.takeRevocations(two)).toEqual({ kind: "known", number: 2 });
    expect(await engine.takeRevocations(one)).toEqual({ kind: "behind", number: 2, held: two });
    await engine.close();
    const { engine: again } = await openTestEngine({ folder });
    const batch = await (await makeDevice(authority, { device: "door-b" })).batch([{ who: an }]);
    expect((await again.ingest([batch.bytes])).results[0]).toMatchObject({ verdict: "refused", reason: "revoked" });
    expect(await again.takeRevocations(one)).toEqual({ kind: "behind", number: 2, held: two });
  });

  it("believes no list of a kiosk, of another authority or site, with a broken seal, or that lost a line", async () => {
    const { engine, authority } = await openTestEngine();
    const { engine: foreign } = await openTestEngine();
    const identity = await identityAt(engine);
    const signer = signerOf(identity);
    const kiosk = await makeDevice(authority);
    // a kiosk that was given the gateway's name by mistake still has a kiosk's certificate
    const parent = identity.authority;
    const named = await createLeaf(parent, { name: gatewayName(SITE), role: "client", nowMs: TEST_NOW });
    const usurper = {
      key: await importSigningKey(rawKeyPair(named.privateKeyPem)),
      x5chain: pemToChain(named.certificatePem + parent.certificatePem),
    };
    const asKiosk = { key: await importSigningKey(rawKeyPair(kiosk.identity.privateKeyPem)), x5chain: kiosk.chain };
    const good = await listOf(signer, [{}]);
    await engine.takeRevocations(await listOf(signer, [{}, { device: parseDeviceId("door-b") }]));
    const verdicts = await Promise.all(
      [
        await listOf(asKiosk, [{}]),
        await listOf(usurper, [{}]),
        await listOf(signerOf(await identityAt(foreign)), [{}]),
        await listOf(signer, [{}], parseSiteId("school-2")),
        good.map((byte, at) => (at === good.length - 1 ? byte ^ 1 : byte)),
        await listOf(signer, [{ number: 3 }]),
        Uint8Array.of(1, 2, 3),
      ].map((list) => engine.takeRevocations(list)),
    );
    expect(verdicts.map((verdict) => (verdict.kind === "refused" ? verdict.reason : verdict.kind))).toEqual([
      "foreign_certificate",
      "foreign_certificate",
      "foreign_certificate",
      "wrong_site",
      "bad_signature",
      "behind",
      "malformed",
    ]);
  });
});

/** What the gateway would say of `door-a`. */
function marksOf(folder: string): Promise<readonly StreamMark[]> {
  return marksIn([join(folder, "spool.db")], parseDeviceId("door-a"));
}

describe("the gateway's revocation list", () => {
  it("goes up as soon as the session is cut, and says how far the kiosk was trusted", async () => {
    const { engine, authority } = await openTestEngine({ nowMs: Date.now() });
    const identity = await identityAt(engine);
    let isDown = true;
    const client = {
      postBatches: async (batches: readonly Uint8Array[]) => (await engine.ingest(batches)).results,
      postRevocations: async (list: Uint8Array) => {
        if (isDown) throw new Error("no network");
        const verdict = await engine.takeRevocations(list);
        if (verdict.kind === "refused") throw new Error(verdict.reason);
        return null;
      },
    };
    const site = { root: engine.keys.root, identity, receiptPair: rawKeyPair(identity.gateway.privateKeyPem) };
    const rig = await openGatewayRig({ engine: client, site: site as never, folder: tempFolder() });
    await rig.add("door-a");
    const door = await makeDevice(authority);
    const topic = topicOf(SITE, door.device, "checkins");
    const session = await connectDoor({ site: SITE, device: door.device, port: rig.plainPort });
    onTestFinished(() => session.endAsync(true));
    await session.publishAsync(topic, Buffer.from((await door.batch([{ who: an }])).bytes), { qos: 1 });
    await rig.registry.revoke(door.device, Date.now() as WallMs, "stolen");
    await waitFor(() => !session.connected, { what: "the end of the session" });
    const later = await door.batch([{ who: an, kind: "out" }]);
    expect((await engine.ingest([later.bytes])).results[0]?.verdict).toBe("stored"); // the engine has not heard of it yet
    isDown = false;
    await rig.registry.revoke(parseDeviceId("door-a"), Date.now() as WallMs); // twice is once
    expect(await marksOf(rig.folder)).toEqual([{ epoch: door.epoch, stream: "c", upto: 1 }]);
    const next = await door.batch([{ who: an }]);
    await waitFor(async () => (await engine.ingest([next.bytes])).results[0]?.reason === "revoked", {
      timeoutMs: 20_000,
    });
    await expect(connectDoor({ site: SITE, device: door.device, port: rig.plainPort })).rejects.toThrow();
  });
});

describe("a gateway whose registry was lost", () => {
  it("goes on from the list that the engine holds, and forgets nobody on it", async () => {
    const { engine, authority } = await openTestEngine({ nowMs: Date.now() });
    const [before, identity] = [await identityAt(engine), await identityAt(engine)];
    const old = await makeDevice(authority, { device: "door-a" });
    const names = ["door-a", "door-b", "door-c"].map(parseDeviceId);
    const lines = names.map((device) => ({ device, marks: device === old.device ? [markAt(old, 1)] : [] }));
    await engine.takeRevocations(await listOf(signerOf(before), lines));
    const { url } = await engine.listen();
    const site = { root: engine.keys.root, identity, receiptPair: rawKeyPair(identity.gateway.privateKeyPem) };
    const client = new HttpEngineClient({ url, timeoutMs: 5_000 });
    const folder = tempFolder();
    const registry = await SiteRegistry.open(join(folder, "registry.db"));
    const place = { venue: parseVenueId("7k3m9q2x"), venueName: "School", gate: 1, fingerprint: "" };
    for (const name of ["door-c", "door-d"]) await registry.add({ ...place, device: parseDeviceId(name) }, TEST_NOW);
    await registry.revoke(parseDeviceId("door-d"), Date.now() as WallMs, "stolen"); // number 1 here, where the engine is at 3
    await registry.close();
    const rig = await openGatewayRig({ engine: client, site: site as never, folder });
    const door = await makeDevice(authority, { device: "door-d" });
    const verdict = async (maker: TestDevice): Promise<string | undefined> => {
      const { bytes } = await maker.clone().batch([{ who: an }]);
      return (await engine.ingest([bytes])).results[0]?.reason;
    };
    await waitFor(async () => (await verdict(door)) === "revoked", { timeoutMs: 20_000, what: "door-d at the engine" });
    const own = await rig.registry.revocations();
    expect(own.map(({ number, device }) => [number, device])).toEqual([
      [1, "door-a"],
      [2, "door-b"],
      [3, "door-c"],
      [4, "door-d"],
    ]);
    expect((await rig.registry.find(parseDeviceId("door-c")))?.revokedAt).not.toBe(null);
    await expect(rig.add("door-b")).rejects.toMatchObject({ code: "GW_DEVICE_EXISTS" });
    expect(await verdict(old)).toBe(undefined); // what its first gateway had taken counts still
    await old.batch([{ who: an }]);
    expect(await verdict(old)).toBe("revoked");
    expect(rig.gateway.recentEvents.filter(({ isAlarm }) => isAlarm)).toEqual([]);
  });

  it("learns who is revoked although its own list is empty", async () => {
    const { engine } = await openTestEngine({ nowMs: Date.now() });
    const [before, identity] = [await identityAt(engine), await identityAt(engine)];
    await engine.takeRevocations(await listOf(signerOf(before), [{}]));
    const { url } = await engine.listen();
    const site = { root: engine.keys.root, identity, receiptPair: rawKeyPair(identity.gateway.privateKeyPem) };
    const folder = tempFolder();
    const registry = await SiteRegistry.open(join(folder, "registry.db"));
    const place = { venue: parseVenueId("7k3m9q2x"), venueName: "School", gate: 1, fingerprint: "" };
    await registry.add({ ...place, device: parseDeviceId("door-a") }, TEST_NOW);
    await registry.close();
    const client = new HttpEngineClient({ url, timeoutMs: 5_000 });
    const rig = await openGatewayRig({ engine: client, site: site as never, folder });
    const isRevoked = async (): Promise<boolean> =>
      (await rig.registry.find(parseDeviceId("door-a")))?.revokedAt === TEST_NOW;
    await waitFor(isRevoked, { timeoutMs: 20_000, what: "the revocation" });
  });

  it("shows that the engine refuses its list, or its question", async () => {
    const [{ engine }, other] = [await openTestEngine({ nowMs: Date.now() }), await openTestEngine()];
    const identity = await identityAt(other.engine); // of another authority
    const { url } = await engine.listen();
    const site = { root: other.engine.keys.root, identity, receiptPair: rawKeyPair(identity.gateway.privateKeyPem) };
    await engine.orderRevocation(SITE, parseDeviceId("door-a"), "stolen");
    const client = new HttpEngineClient({ url, timeoutMs: 5_000 });
    const rig = await openGatewayRig({ engine: client, site: site as never });
    await rig.add("door-a");
    await rig.registry.revoke(parseDeviceId("door-a"), Date.now() as WallMs);
    const alarms = (): readonly string[] =>
      rig.gateway.recentEvents.filter(({ isAlarm }) => isAlarm).map(({ event }) => event);
    await waitFor(() => alarms().length === 2, { timeoutMs: 20_000, what: "both alarms" });
    expect([...alarms()].sort()).toEqual(["revocations.not_fetched", "revocations.not_sent"]);
  });
});

describe("the authority's order to revoke a kiosk", () => {
  const deviceA = parseDeviceId("door-a");

  it("is carried out by its gateway, whose own list then binds the engine", async () => {
    const test = await openTestEngine({ nowMs: Date.now() });
    const { engine, authority } = test;
    const identity = await identityAt(engine);
    const { url } = await engine.listen();
    await engine.orderRevocation(SITE, deviceA, "cloned");
    await engine.orderRevocation(SITE, deviceA, "stolen"); // twice is once
    const site = { root: engine.keys.root, identity, receiptPair: rawKeyPair(identity.gateway.privateKeyPem) };
    const client = new HttpEngineClient({ url, timeoutMs: 5_000 });
    const folder = tempFolder();
    const registry = await SiteRegistry.open(join(folder, "registry.db"));
    const place = { venue: parseVenueId("7k3m9q2x"), venueName: "School", gate: 1, fingerprint: "" };
    for (const device of [deviceA, parseDeviceId("door-b")]) await registry.add({ ...place, device }, TEST_NOW);
    await registry.close();
    const rig = await openGatewayRig({ engine: client, site: site as never, folder });
    const revoked = async (): Promise<boolean> => (await rig.registry.find(deviceA))?.revokedAt !== null;
    await waitFor(revoked, { timeoutMs: 20_000, what: "the revocation" });
    expect(await rig.registry.revocations()).toMatchObject([{ device: "door-a", reason: "cloned" }]);
    expect((await rig.registry.find(parseDeviceId("door-b")))?.revokedAt).toBe(null);
    const door = await makeDevice(authority);
    const refused = async (): Promise<boolean> => {
      const { bytes } = await door.clone().batch([{ who: an }]);
      return (await engine.ingest([bytes])).results[0]?.reason === "revoked";
    };
    await waitFor(refused, { timeoutMs: 20_000, what: "the gateway's list at the engine" });
  });

  it("changes nothing when the engine did not sign it, or when it is for another site", async () => {
    const { engine } = await openTestEngine();
    const identity = await identityAt(engine);
    const revoked: string[] = [];
    const registry = {
      find: async () => ({ revokedAt: null }) as never,
      revoke: async (device: string) => void revoked.push(device),
    };
    const other = parseSiteId("school-2");
    await engine.orderRevocation(other, deviceA, "stolen");
    const lists = [await listOf(signerOf(identity), [{}]), await engine.revocationOrders(other), null];
    for (const list of lists) {
      const fetcher = new RevocationFetcher({
        ...{ registry, identity, timers: systemTimers, log: silentLogger.child("test") },
        engine: { fetchRevocations: async () => list },
        alarm: () => {},
        now: () => TEST_NOW,
      });
      await fetcher.ask();
      await fetcher.close();
    }
    expect(revoked).toEqual([]);
    expect(await engine.revocationOrders(SITE)).toBe(null);
  });
});
