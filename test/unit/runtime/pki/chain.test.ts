import { beforeAll, describe, expect, it } from "vitest";
import { parseDeviceId, parseSiteId } from "../../../../protocol/ids.ts";
import {
  createLeaf,
  createRoot,
  createSiteAuthority,
  deviceName,
  type Identity,
} from "../../../../runtime/pki/authority.ts";
import { ForeignCertificateError, pemToChain, rawKeyPair, verifyDeviceChain } from "../../../../runtime/pki/chain.ts";

const NOW = Date.UTC(2026, 0, 1);
const site = parseSiteId("school-1");
const other = parseSiteId("market-2");
const device = parseDeviceId("door-a");

describe("verifyDeviceChain", () => {
  let root: Identity;
  let authority: Identity;
  let leaf: Identity;

  beforeAll(async () => {
    root = await createRoot("Test authority", NOW);
    authority = await createSiteAuthority(root, site, NOW);
    leaf = await createLeaf(authority, { name: deviceName(site, device), role: "client", nowMs: NOW });
  });

  const chainOf = (...parts: readonly Identity[]): readonly Uint8Array[] =>
    parts.flatMap((part) => pemToChain(part.certificatePem));

  it("names the device and its site", () => {
    const identity = verifyDeviceChain(chainOf(leaf, authority), root.certificatePem);
    expect(identity).toMatchObject({ site, device });
    expect(Buffer.from(identity.publicKey)).toEqual(Buffer.from(rawKeyPair(leaf.privateKeyPem).publicKey));
  });

  it("refuses a chain of another authority", async () => {
    const foreign = await createRoot("Test authority", NOW);
    expect(() => verifyDeviceChain(chainOf(leaf, authority), foreign.certificatePem)).toThrow(ForeignCertificateError);
  });

  it("refuses a device that its site's authority names as another site's", async () => {
    const forged = await createLeaf(authority, { name: deviceName(other, device), role: "client", nowMs: NOW });
    expect(() => verifyDeviceChain(chainOf(forged, authority), root.certificatePem)).toThrow(ForeignCertificateError);
  });

  it("refuses a device certificate used as a site certificate", async () => {
    const forged = await createLeaf(leaf, { name: deviceName(site, device), role: "client", nowMs: NOW });
    expect(() => verifyDeviceChain(chainOf(forged, leaf), root.certificatePem)).toThrow(ForeignCertificateError);
  });

  it("refuses bytes that are no certificate", () => {
    expect(() => verifyDeviceChain([new Uint8Array(9), new Uint8Array(9)], root.certificatePem)).toThrow(
      ForeignCertificateError,
    );
  });
});
