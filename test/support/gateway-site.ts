import { createDeviceBundle, type DeviceBundle } from "../../gateway/registry/device-bundle.ts";
import { createGatewayIdentity, type GatewayIdentity } from "../../gateway/registry/identity.ts";
import { toHex } from "../../protocol/bytes.ts";
import { parseDeviceId, parseSiteId, parseVenueId } from "../../protocol/ids.ts";
import type { WallMs } from "../../protocol/units.ts";
import { createRoot, createSiteAuthority, type Identity } from "../../runtime/pki/authority.ts";
import { rawKeyPair } from "../../runtime/pki/chain.ts";

/** A whole site's keys, with a receipt key as an engine has one. */
export interface TestSite {
  readonly root: Identity;
  readonly identity: GatewayIdentity;
  /** Raw Ed25519 pair that signs store receipts. */
  readonly receiptPair: ReturnType<typeof rawKeyPair>;
  device(name: string): Promise<DeviceBundle>;
}

/** Makes site `school-1` under a root of its own, valid now. */
export async function makeSite(name = "school-1"): Promise<TestSite> {
  const nowMs = Date.now() as WallMs;
  const root = await createRoot("Test authority", nowMs);
  const authority = await createSiteAuthority(root, parseSiteId(name), nowMs);
  const receiptPair = rawKeyPair((await createRoot("receipts", nowMs)).privateKeyPem);
  const zero = "0".repeat(64);
  const trust = {
    v: 1 as const,
    site: name,
    root: root.certificatePem,
    receiptKey: toHex(receiptPair.publicKey),
    matchKey: zero,
    vaultKey: zero,
    cardIssuers: [],
    gateway: "",
  };
  const identity = await createGatewayIdentity({ authority, trust }, nowMs);
  const device = (door: string): Promise<DeviceBundle> =>
    createDeviceBundle(
      identity,
      {
        device: parseDeviceId(door),
        venue: parseVenueId("7k3m9q2x"),
        venueName: "School",
        gate: 1,
        gatewayHost: "127.0.0.1",
        gatewayPort: 1,
      },
      nowMs,
    );
  return { root, identity, receiptPair, device };
}
