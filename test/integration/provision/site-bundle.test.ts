import { X509Certificate } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { loadGatewayConfig } from "../../../gateway/app.ts";
import { installBundle } from "../../../gateway/registry/bundle-renewal.ts";
import { chainPem, createDeviceBundle, type DeviceBundle } from "../../../gateway/registry/device-bundle.ts";
import type { SiteBundle } from "../../../gateway/registry/identity.ts";
import { openIdentityFiles } from "../../../gateway/registry/identity-files.ts";
import { startGateway } from "../../../gateway/start.ts";
import { parseDeviceId, parseSiteId, parseVenueId } from "../../../protocol/ids.ts";
import { DAY_MS, type WallMs } from "../../../protocol/units.ts";
import type { Running } from "../../../runtime/lifecycle.ts";
import { createLeaf, createRoot, createSiteAuthority, deviceName } from "../../../runtime/pki/authority.ts";
import { certificatePublicKey, pemToChain, verifyDeviceChain } from "../../../runtime/pki/chain.ts";
import { register } from "../../support/gateway-process.ts";
import { makeSite, type TestSite } from "../../support/gateway-site.ts";
import { connectDoor } from "../../support/mqtt-door.ts";
import { freePort } from "../../support/ports.ts";
import { tempFolder } from "../../support/temp.ts";

const SITE = parseSiteId("school-1");
const now = Date.now() as WallMs;

/** Writes a bundle as `engine keys site` does. */
function write({ authority, trust }: SiteBundle): string {
  const folder = tempFolder();
  writeFileSync(join(folder, "authority.crt.pem"), authority.certificatePem);
  writeFileSync(join(folder, "authority.key.pem"), authority.privateKeyPem);
  writeFileSync(join(folder, "trust.json"), JSON.stringify({ ...trust, gateway: "" }));
  return folder;
}

/** The next bundle of a site, as of a minute later. */
async function nextBundle(site: TestSite, change: Partial<SiteBundle["trust"]> = {}): Promise<SiteBundle> {
  const authority = await createSiteAuthority(site.root, SITE, now + 60_000);
  return { authority, trust: { ...site.identity.trust, ...change } };
}

async function start(folder: string, bundle: string, port: number): Promise<Running> {
  const flags = [`dataDir=${folder}`, `mqtt.port=${port}`, "mqtt.host=127.0.0.1", "http.host=127.0.0.1", "http.port=0"];
  const config = loadGatewayConfig({ env: {}, flags: [...flags, "log.level=silent", "engine.url=http://127.0.0.1:9"] });
  const running = await startGateway(config, bundle);
  let closing: Promise<void> | null = null;
  const close = (): Promise<void> => {
    closing ??= running.close();
    return closing;
  };
  onTestFinished(close);
  return { close };
}

async function connects(port: number, bundle: DeviceBundle, name: string): Promise<boolean> {
  try {
    const client = await connectDoor({ site: SITE, device: parseDeviceId(name), port, bundle });
    client.end(true);
    return true;
  } catch {
    return false; // the answer
  }
}

describe("a newer bundle of the same site", () => {
  it("is installed at the next start: same key, both intermediates believed, its settings taken over", async () => {
    const [site, folder, port] = [await makeSite(), tempFolder(), await freePort()];
    await register(folder, ["door-a", "door-b"]);
    const first = write(site.identity);
    await (await start(folder, first, port)).close();
    const before = await openIdentityFiles(folder, { nowMs: now });
    const older = await site.device("door-a");

    const next = await nextBundle(site, { observe: ["gaen"] });
    const running = await start(folder, write(next), port);
    const after = await openIdentityFiles(folder, { nowMs: now });
    expect(after.authority.certificatePem.trim()).toBe(next.authority.certificatePem.trim());
    expect(after.trust.observe).toEqual(["gaen"]);
    const chain = pemToChain(chainPem(after.gateway.certificatePem, after.authority.certificatePem));
    expect(verifyDeviceChain(chain, site.root.certificatePem).publicKey).toEqual(
      certificatePublicKey(before.gateway.certificatePem),
    );
    const place = { venue: parseVenueId("7k3m9q2x"), venueName: "School", gate: 1, gatewayHost: "x", gatewayPort: 1 };
    const newer = await createDeviceBundle(after, { device: parseDeviceId("door-b"), ...place }, now);
    const stranger = await (await makeSite()).device("door-a");
    expect([
      await connects(port, older, "door-a"),
      await connects(port, newer, "door-b"),
      await connects(port, { ...stranger, trust: newer.trust }, "door-a"),
    ]).toEqual([true, true, false]);

    await running.close();
    await start(folder, first, port); // a unit that still names the old one
    expect((await openIdentityFiles(folder, { nowMs: now })).authority).toEqual(after.authority);
    const threeYears = (now + 4 * 365 * DAY_MS) as WallMs;
    expect((await openIdentityFiles(folder, { nowMs: threeYears })).earlierAuthorities).toEqual([]);
  });

  it("is whole or not there after a power cut in the middle", async () => {
    const [site, folder] = [await makeSite(), tempFolder()];
    await openIdentityFiles(folder, { bundleFolder: write(site.identity), nowMs: now });
    const next = await nextBundle(site);
    const made = tempFolder();
    cpSync(folder, made, { recursive: true });
    expect(await installBundle(made, write(next), now)).toBe("installed");
    // as the cut leaves it: all is staged, one file is in its place
    const stage = join(folder, "bundle.next");
    mkdirSync(stage);
    for (const name of ["earlier.crt.pem", "authority.crt.pem", "authority.key.pem", "trust.json", "gateway.crt.pem"])
      writeFileSync(join(stage, name), readFileSync(join(made, name)));
    writeFileSync(join(stage, "complete"), "");
    renameSync(join(stage, "authority.key.pem"), join(folder, "authority.key.pem"));
    await (await start(folder, write(site.identity), 0)).close();
    const after = await openIdentityFiles(folder, { nowMs: now });
    expect(after.authority.certificatePem.trim()).toBe(next.authority.certificatePem.trim());
    expect(after.earlierAuthorities.map((pem) => pem.trim())).toEqual([site.identity.authority.certificatePem.trim()]);
  });

  it.each([
    ["another site", otherSite, /is of site school-2/],
    ["another authority", async () => (await makeSite()).identity, /of another authority/],
    [
      "a key that is not its own",
      async (site: TestSite) => {
        const next = await nextBundle(site);
        return { ...next, authority: { ...next.authority, privateKeyPem: site.identity.authority.privateKeyPem } };
      },
      /does not belong/,
    ],
    [
      "the name of this site over another's certificate",
      async (site: TestSite) => ({ ...(await otherSite(site)), trust: site.identity.trust }),
      /not this site's/,
    ],
  ] as const)("is refused, and nothing changes, with %s", async (_, make, text) => {
    const [site, folder] = [await makeSite(), tempFolder()];
    await openIdentityFiles(folder, { bundleFolder: write(site.identity), nowMs: now });
    const before = await openIdentityFiles(folder, { nowMs: now });
    const given = write(await make(site));
    await expect(installBundle(folder, given, now)).rejects.toMatchObject({
      code: "GW_SITE_BUNDLE",
      message: expect.stringMatching(text),
    });
    expect((await openIdentityFiles(folder, { nowMs: now })).authority).toEqual(before.authority);
  });
});

async function otherSite(site: TestSite): Promise<SiteBundle> {
  const authority = await createSiteAuthority(site.root, parseSiteId("school-2"), now + 60_000);
  return { authority, trust: { ...site.identity.trust, site: "school-2" } };
}

describe("a certificate", () => {
  it("ends with the one that signed it at the latest", async () => {
    const root = await createRoot("Test authority", now);
    const authority = await createSiteAuthority(root, SITE, (now - (3 * 365 - 20) * DAY_MS) as WallMs);
    const name = deviceName(SITE, parseDeviceId("door-a"));
    const leaf = await createLeaf(authority, { name, role: "client", nowMs: now });
    const end = (pem: string): string => new X509Certificate(pem).validTo;
    expect(end(leaf.certificatePem)).toBe(end(authority.certificatePem));
  });
});
