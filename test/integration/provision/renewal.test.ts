import { X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { Renewal } from "../../../gateway/enrol/renewal.ts";
import { createDeviceBundle, type DoorPlan, writeDeviceBundle } from "../../../gateway/registry/device-bundle.ts";
import { createGatewayIdentity, type GatewayIdentity } from "../../../gateway/registry/identity.ts";
import { writeSafely } from "../../../gateway/registry/identity-files.ts";
import { LiveIdentity } from "../../../gateway/registry/live-identity.ts";
import { type DeviceBundle, readBundle } from "../../../kiosk/provision/bundle.ts";
import { PaperKeeper } from "../../../kiosk/provision/paper-keeper.ts";
import { endsAt } from "../../../kiosk/provision/renew.ts";
import { MqttTransport } from "../../../kiosk/uplink/mqtt-transport.ts";
import { toBase64Url } from "../../../protocol/bytes.ts";
import { type CoseKey, importSigningKey, signCose1 } from "../../../protocol/cose.ts";
import { encodeRenewal, NONCE_LIFETIME_MS } from "../../../protocol/http/renewal.ts";
import { type DeviceId, parseBootId, parseDeviceId, parseSiteId, parseVenueId } from "../../../protocol/ids.ts";
import { DAY_MS, type WallMs } from "../../../protocol/units.ts";
import { silentLogger } from "../../../runtime/log.ts";
import { nodeCrypto } from "../../../runtime/node-crypto.ts";
import { createSiteAuthority, gatewayName } from "../../../runtime/pki/authority.ts";
import { rawKeyPair } from "../../../runtime/pki/chain.ts";
import { createDeviceKey } from "../../../runtime/pki/request.ts";
import { makeSite, type TestSite } from "../../support/gateway-site.ts";
import { type LiveGateway, startLiveGateway } from "../../support/live-gateway.ts";
import { ManualTimers } from "../../support/manual-timers.ts";
import { tempFolder } from "../../support/temp.ts";
import { waitFor } from "../../support/wait-for.ts";

let site: TestSite;
beforeAll(async () => {
  site = await makeSite();
});

const NOW = Date.now() as WallMs;
const silent = silentLogger.child("test");

/** A kiosk of the site whose certificate was made so many days ago. */
async function oldKiosk(
  gateway: LiveGateway,
  daysAgo: number,
  identity: GatewayIdentity = site.identity,
): Promise<{ folder: string; bundle: DeviceBundle }> {
  const plan: DoorPlan = {
    device: parseDeviceId(`door-${daysAgo}`),
    venue: parseVenueId("7k3m9q2x"),
    venueName: "School",
    gate: 1,
    gatewayHost: "127.0.0.1",
    gatewayPort: gateway.mqttPort,
    gatewayHttpPort: gateway.httpPort,
  };
  const folder = join(tempFolder(), "bundle");
  const made = await createDeviceBundle(identity, plan, (NOW - daysAgo * DAY_MS) as WallMs);
  const { publicKey } = rawKeyPair(made.privateKeyPem);
  await gateway.registry.add({ ...plan, fingerprint: "", publicKey }, NOW);
  const trust = { ...made.trust, gateway: readFileSync(join(gateway.folder, "gateway.crt.pem"), "utf8") };
  await writeDeviceBundle(folder, { ...made, trust });
  return { folder, bundle: await readBundle(folder) };
}

function keeperOf(
  { folder, bundle }: { folder: string; bundle: DeviceBundle },
  change: { online?: boolean; systemWall?: () => number; set?: number[]; renewed?: (pem: string) => void } = {},
): PaperKeeper {
  const now = { bootId: parseBootId("0a0b0c0d"), boottimeMs: 0, wallMs: NOW, state: "ntp", uncertaintyMs: 1 };
  const keeper = new PaperKeeper({
    crypto: nodeCrypto,
    bundle,
    folder,
    clock: { now: () => now as never, adjust: () => {} },
    online: () => change.online ?? false,
    systemWall: () => (change.systemWall ?? Date.now)() as WallMs,
    setClock: async (wallMs) => {
      change.set?.push(wallMs);
      return change.set !== undefined;
    },
    timers: new ManualTimers(),
    logger: silent,
    renewed: change.renewed ?? (() => {}),
  });
  onTestFinished(() => keeper.close());
  return keeper;
}

describe("a kiosk's certificate", () => {
  it("is renewed when 30 days are left, and left alone before", async () => {
    const gateway = await startLiveGateway(site);
    const [young, due] = [await oldKiosk(gateway, 55), await oldKiosk(gateway, 61)];
    const before = young.bundle.tls.cert;
    await keeperOf(young, { online: true }).look();
    expect(readFileSync(join(young.folder, "device.crt.pem"), "utf8")).toBe(before);
    await keeperOf(due, { online: true }).look();
    const file = join(due.folder, "device.crt.pem");
    expect(endsAt(readFileSync(file, "utf8"))).toBeGreaterThan(NOW + 85 * DAY_MS);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const known = await gateway.registry.find(due.bundle.device);
    expect(known?.fingerprint).toBe(new X509Certificate(readFileSync(file)).fingerprint256);
  });

  it("is renewed long after it ran out, and then the session comes up by itself", async () => {
    const gateway = await startLiveGateway(site);
    const kiosk = await oldKiosk(gateway, 180);
    const { device, tls, trust } = kiosk.bundle;
    const url = `mqtts://127.0.0.1:${gateway.mqttPort}`;
    const names = { ca: trust.root, serverName: gatewayName(parseSiteId("school-1")) };
    const transport = new MqttTransport({
      ...{ url, site: kiosk.bundle.site, device, boot: parseBootId("0a0b0c0d") },
      tls: { ...tls, ...names },
    });
    const seen = { up: 0, down: 0 };
    const count = { up: () => (seen.up += 1), down: () => (seen.down += 1), message: () => {} };
    await transport.open(count as never);
    onTestFinished(() => transport.close());
    await waitFor(() => seen.down > 0, { what: "the refusal of the old certificate" });
    expect(seen.up).toBe(0);
    await keeperOf(kiosk, { renewed: (cert) => transport.useCertificate({ key: tls.key, cert }) }).look();
    await waitFor(() => seen.up > 0, { timeoutMs: 20_000, what: "the session" });
  });

  it("is left alone, and asked for once an hour, while the site's own ends no later", async () => {
    const ending = await makeSite(); // three years old but for ten days
    const since = (NOW - (3 * 365 - 10) * DAY_MS) as WallMs;
    const authority = await createSiteAuthority(ending.root, parseSiteId("school-1"), since);
    const identity = await createGatewayIdentity({ authority, trust: ending.identity.trust }, NOW);
    const gateway = await startLiveGateway({ ...ending, identity });
    const kiosk = await oldKiosk(gateway, 1, identity);
    const file = join(kiosk.folder, "device.crt.pem");
    const keeper = keeperOf(kiosk, { online: true });
    const changes = async (looks: number): Promise<number> => {
      const seen = new Set<string | undefined>();
      for (let n = 0; n < looks; n += 1) {
        await keeper.look();
        seen.add((await gateway.registry.find(kiosk.bundle.device))?.fingerprint);
      }
      return seen.size;
    };
    expect(await changes(50)).toBe(1); // asked once, and not again
    expect(await changes(20)).toBe(2);
    expect(readFileSync(file, "utf8")).toBe(kiosk.bundle.tls.cert);
  });

  it("is not renewed once the kiosk is revoked", async () => {
    const gateway = await startLiveGateway(site);
    const kiosk = await oldKiosk(gateway, 80);
    await gateway.registry.revoke(kiosk.bundle.device, NOW, "stolen");
    await keeperOf(kiosk).look();
    expect(readFileSync(join(kiosk.folder, "device.crt.pem"), "utf8")).toBe(kiosk.bundle.tls.cert);
  });

  it("brings a system clock that is too wrong for TLS, by the gateway's key and not by its certificate", async () => {
    const gateway = await startLiveGateway(site);
    const kiosk = await oldKiosk(gateway, 1);
    const set: number[] = [];
    await keeperOf(kiosk, { systemWall: () => 86_400_000, set }).look();
    expect(Math.abs((set[0] ?? 0) - Date.now())).toBeLessThan(60_000);
    await keeperOf(kiosk, { systemWall: Date.now, set }).look();
    expect(set).toHaveLength(1);
  });

  it("is not renewed by a gateway of another authority", async () => {
    const strange = await startLiveGateway(await makeSite());
    const kiosk = await oldKiosk(strange, 80); // its papers are of our site, its address is of theirs
    await keeperOf(kiosk).look();
    expect(readFileSync(join(kiosk.folder, "device.crt.pem"), "utf8")).toBe(kiosk.bundle.tls.cert);
  });
});

describe("a proof for renewal", () => {
  const device = parseDeviceId("door-1");

  async function rig(): Promise<{
    renewal: Renewal;
    key: CoseKey;
    now: { ms: number };
    prove: (nonce: Uint8Array, key: CoseKey, change?: { site?: string; device?: string }) => Promise<string>;
  }> {
    const pair = rawKeyPair(await createDeviceKey());
    const now: { ms: number } = { ms: NOW };
    const known = { device, publicKey: pair.publicKey, revokedAt: null };
    const registry = {
      find: async (name: DeviceId) => (name === device ? (known as never) : null),
      renewed: async () => {},
    };
    const renewal = new Renewal({ crypto: nodeCrypto, identity: site.identity, registry, now: () => now.ms as WallMs });
    const prove = async (
      nonce: Uint8Array,
      key: CoseKey,
      change: { site?: string; device?: string } = {},
    ): Promise<string> => {
      const names = { site: parseSiteId(change.site ?? "school-1"), device: parseDeviceId(change.device ?? device) };
      return toBase64Url(await signCose1(encodeRenewal({ ...names, nonce }), { key }));
    };
    return { renewal, key: await importSigningKey(pair), now, prove };
  }

  it("counts while its nonce is fresh", async () => {
    const { renewal, key, now, prove } = await rig();
    const proof = await prove(renewal.nonce(), key);
    expect((await renewal.renew({ v: 1, proof })).kind).toBe("renewed");
    now.ms += NONCE_LIFETIME_MS + 1;
    expect(await renewal.renew({ v: 1, proof })).toEqual({ kind: "refused", reason: "renew_nonce" });
  });

  it("counts for nothing by another key, of another device or site, over a made-up nonce, or as noise", async () => {
    const { renewal, key, prove } = await rig();
    const stranger = await importSigningKey(rawKeyPair(await createDeviceKey()));
    const nonce = renewal.nonce();
    const reasons = [
      await prove(nonce, stranger),
      await prove(nonce, key, { device: "door-2" }),
      await prove(nonce, key, { site: "school-2" }),
      await prove(new Uint8Array(24), key),
      "AAAA",
    ].map(async (proof) => {
      const outcome = await renewal.renew({ v: 1, proof });
      return outcome.kind === "refused" ? outcome.reason : outcome.kind;
    });
    expect(await Promise.all(reasons)).toEqual([
      "renew_forged",
      "renew_unknown",
      "renew_unknown",
      "renew_nonce",
      "renew_malformed",
    ]);
  });
});

describe("the gateway's own certificate", () => {
  it("is renewed at start though it ran out, with the key that kiosks have pinned", async () => {
    const folder = tempFolder();
    const { authority, trust } = site.identity;
    const old = await createGatewayIdentity({ authority, trust }, (NOW - 200 * DAY_MS) as WallMs);
    for (const [name, pair] of [
      ["authority", authority],
      ["gateway", old.gateway],
    ] as const) {
      await writeSafely(join(folder, `${name}.key.pem`), pair.privateKeyPem);
      await writeSafely(join(folder, `${name}.crt.pem`), pair.certificatePem);
    }
    await writeSafely(join(folder, "trust.json"), JSON.stringify(trust));
    const live = await LiveIdentity.open(folder, { nowMs: NOW });
    const [was, is] = [old.gateway.certificatePem, live.gateway.certificatePem].map((pem) => new X509Certificate(pem));
    expect(Date.parse(is?.validTo ?? "")).toBeGreaterThan(NOW + 85 * DAY_MS);
    expect(is?.publicKey.equals(was?.publicKey as never)).toBe(true);
    expect(live.trust.gateway).toBe(live.gateway.certificatePem);
    expect(await live.renewIfDue(NOW)).toBe(false);
    expect(await live.renewIfDue((NOW + 61 * DAY_MS) as WallMs)).toBe(true);
  });
});
