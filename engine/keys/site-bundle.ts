import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { toHex } from "../../protocol/bytes.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import type { SiteId } from "../../protocol/ids.ts";
import type { WallMs } from "../../protocol/units.ts";
import { createSiteAuthority, type Identity } from "../../runtime/pki/authority.ts";
import type { Trust } from "../../runtime/pki/trust.ts";
import { EngineInputError } from "../errors.ts";
import type { EngineKeys } from "./engine-keys.ts";
import { isThere, makeSecretFolder, PUBLIC_FILE_MODE, SECRET_FILE_MODE, writeDurably } from "./key-files.ts";

/** The public keys that a site believes; its gateway adds its own certificate. */
export function siteTrust(
  crypto: CryptoPort,
  keys: EngineKeys,
  { site, observe = [] }: { readonly site: SiteId; readonly observe?: readonly ObservedPhones[] },
): Trust {
  const { publicKey } = keys.cardIssuer;
  return {
    v: 1,
    site,
    root: keys.root.certificatePem,
    receiptKey: toHex(keys.receipt.publicKey),
    matchKey: toHex(keys.match.publicKey),
    vaultKey: toHex(keys.vaultPublicKey),
    venueKey: toHex(keys.venue.publicKey),
    ...(observe.length > 0 && { observe: [...observe] }),
    cardIssuers: [{ kid: toHex(cardIssuerKid(crypto, publicKey)), publicKey: toHex(publicKey) }],
    gateway: "",
  };
}

/** Names a card issuer's key on a card: the first 4 bytes of SHA-256 of the raw public key. */
export function cardIssuerKid(crypto: CryptoPort, publicKey: Uint8Array): Uint8Array {
  return crypto.sha256(publicKey).slice(0, 4);
}

/** What a new site's gateway needs: the site's intermediate with its key, and whom to believe. */
export interface SiteBundle {
  readonly authority: Identity;
  readonly trust: Trust;
}

/** Phones that a site's kiosks may record. */
export type ObservedPhones = NonNullable<Trust["observe"]>[number];

export interface SiteRequest {
  readonly crypto: CryptoPort;
  readonly site: SiteId;
  readonly nowMs: WallMs;
  /** Default: none. */
  readonly observe?: readonly ObservedPhones[];
}

/** Makes a site's intermediate and its trust; each call makes another key. */
export async function issueSiteBundle(keys: EngineKeys, request: SiteRequest): Promise<SiteBundle> {
  const authority = await createSiteAuthority(keys.root, request.site, request.nowMs);
  return { authority, trust: siteTrust(request.crypto, keys, request) };
}

/**
 * Makes a site's bundle as files in the folder `out`: authority.key.pem (0600), authority.crt.pem, trust.json.
 *
 * @throws {EngineInputError} ENGINE_INPUT when the folder holds something: a site's key is never overwritten
 */
export async function createSiteBundle(
  keys: EngineKeys,
  request: SiteRequest & { readonly out: string },
): Promise<SiteBundle> {
  const { out } = request;
  if ((await isThere(out)) && (await readdir(out)).length > 0) {
    throw new EngineInputError("the folder for the bundle is not empty: give another one with --out");
  }
  await makeSecretFolder(out);
  const bundle = await issueSiteBundle(keys, request);
  const { authority, trust } = bundle;
  await writeDurably(join(out, "authority.key.pem"), `${authority.privateKeyPem.trim()}\n`, SECRET_FILE_MODE);
  await writeDurably(join(out, "authority.crt.pem"), `${authority.certificatePem.trim()}\n`, PUBLIC_FILE_MODE);
  await writeDurably(join(out, "trust.json"), `${JSON.stringify(trust, null, 2)}\n`, PUBLIC_FILE_MODE);
  return bundle;
}
