import { fromHex } from "../../protocol/bytes.ts";
import { type CoseKey, importSigningKey, importVerifyKey } from "../../protocol/cose.ts";
import { parseSiteId, type SiteId } from "../../protocol/ids.ts";
import type { WallMs } from "../../protocol/units.ts";
import { createLeaf, gatewayName, type Identity } from "../../runtime/pki/authority.ts";
import { rawKeyPair } from "../../runtime/pki/chain.ts";
import type { Trust } from "../../runtime/pki/trust.ts";

/** What the engine gives a site: its intermediate with key, and whom to believe. */
export interface SiteBundle {
  readonly authority: Identity;
  readonly trust: Trust;
}

/** Everything that makes this process the gateway of its site. */
export interface GatewayIdentity extends SiteBundle {
  readonly site: SiteId;
  /** Key and certificate of the gateway; the certificate alone, without the site's. */
  readonly gateway: Identity;
  /** Certificates of the site's earlier intermediates that have not ended yet, PEM each: kiosks may still show one. */
  readonly earlierAuthorities: readonly string[];
  /** `trust` with the gateway's certificate filled in, as kiosks get it. */
  readonly trust: Trust;
  /** The gateway's key, for receipts and time. */
  readonly signingKey: CoseKey;
  /** The engine's receipt key. */
  readonly receiptKey: CoseKey;
}

/** Makes a gateway's own key and certificate under its site. */
export async function createGatewayIdentity(bundle: SiteBundle, nowMs: WallMs): Promise<GatewayIdentity> {
  const site = parseSiteId(bundle.trust.site);
  const gateway = await createLeaf(bundle.authority, { name: gatewayName(site), role: "server", nowMs });
  return assembleIdentity(bundle, gateway);
}

/** Puts keys and certificates that exist together. */
export async function assembleIdentity(
  bundle: SiteBundle,
  gateway: Identity,
  earlierAuthorities: readonly string[] = [],
): Promise<GatewayIdentity> {
  return {
    earlierAuthorities,
    site: parseSiteId(bundle.trust.site),
    authority: bundle.authority,
    gateway,
    trust: { ...bundle.trust, gateway: gateway.certificatePem },
    signingKey: await importSigningKey(rawKeyPair(gateway.privateKeyPem)),
    receiptKey: await importVerifyKey(fromHex(bundle.trust.receiptKey)),
  };
}
