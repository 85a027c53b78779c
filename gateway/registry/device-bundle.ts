import { X509Certificate } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { DeviceId, SiteId, VenueId } from "../../protocol/ids.ts";
import type { WallMs } from "../../protocol/units.ts";
import { createLeaf, deviceName } from "../../runtime/pki/authority.ts";
import { rawKeyPair } from "../../runtime/pki/chain.ts";
import type { Trust } from "../../runtime/pki/trust.ts";
import type { GatewayIdentity } from "./identity.ts";
import { writeSafely } from "./identity-files.ts";
import type { SiteRegistry } from "./site-registry.ts";

/** What an installer says about one door. */
export interface DoorPlan {
  readonly device: DeviceId;
  readonly venue: VenueId;
  readonly venueName: string;
  /** Number of the door at the venue, 0 to 255. */
  readonly gate: number;
  /** Where the kiosk finds the gateway. */
  readonly gatewayHost: string;
  readonly gatewayPort: number;
  /** Its plain HTTP, for signed time and renewal. */
  readonly gatewayHttpPort?: number;
}

/** `device.json` of a device bundle. */
export interface DeviceSettings extends DoorPlan {
  readonly site: SiteId;
}

/** Everything that a kiosk needs to be a door of this site. */
export interface DeviceBundle {
  /** PKCS #8, Ed25519. */
  readonly privateKeyPem: string;
  /** The device's certificate followed by the site's. */
  readonly certificatePem: string;
  readonly trust: Trust;
  readonly settings: DeviceSettings;
}

/**
 * Makes key and certificate for a door and enters it into the registry.
 *
 * @throws {DeviceExistsError} GW_DEVICE_EXISTS
 */
export async function addDevice(
  parts: { readonly identity: GatewayIdentity; readonly registry: SiteRegistry; readonly nowMs: WallMs },
  plan: DoorPlan,
): Promise<DeviceBundle> {
  const { registry, nowMs } = parts;
  const bundle = await createDeviceBundle(parts.identity, plan, nowMs);
  const { device, venue, venueName, gate } = plan;
  const fingerprint = new X509Certificate(bundle.certificatePem).fingerprint256;
  const { publicKey } = rawKeyPair(bundle.privateKeyPem);
  await registry.add({ device, venue, venueName, gate, fingerprint, publicKey }, nowMs);
  return bundle;
}

/** Makes key and certificate for a door without entering it anywhere. */
export async function createDeviceBundle(
  identity: GatewayIdentity,
  plan: DoorPlan,
  nowMs: WallMs,
): Promise<DeviceBundle> {
  const name = deviceName(identity.site, plan.device);
  const leaf = await createLeaf(identity.authority, { name, role: "client", nowMs });
  return {
    privateKeyPem: leaf.privateKeyPem,
    certificatePem: chainPem(leaf.certificatePem, identity.authority.certificatePem),
    trust: identity.trust,
    settings: { site: identity.site, ...plan },
  };
}

/** A certificate and the one that signed it, in the order that TLS wants. */
export function chainPem(leaf: string, issuer: string): string {
  return `${leaf.trimEnd()}\n${issuer.trimEnd()}\n`;
}

/** Writes a bundle as files: device.key.pem (0600), device.crt.pem, trust.json and device.json. */
export async function writeDeviceBundle(folder: string, bundle: DeviceBundle): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeSafely(join(folder, "device.key.pem"), bundle.privateKeyPem, 0o600);
  await writeSafely(join(folder, "device.crt.pem"), bundle.certificatePem);
  await writeSafely(join(folder, "trust.json"), JSON.stringify(bundle.trust, null, 2));
  await writeSafely(join(folder, "device.json"), JSON.stringify(bundle.settings, null, 2));
}
