import { X509Certificate } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { WallMs } from "../../protocol/units.ts";
import { certifyKey, gatewayName, siteName } from "../../runtime/pki/authority.ts";
import { rawKeyPair } from "../../runtime/pki/chain.ts";
import type { GatewayIdentity, SiteBundle } from "./identity.ts";
import {
  EARLIER_FILE,
  openIdentityFiles,
  readBundle,
  SiteBundleError,
  writePair,
  writeSafely,
} from "./identity-files.ts";

/** What became of a bundle that was given to a gateway which has one. */
export type BundleOutcome = "installed" | "same" | "older";

/** The new files stand here, all or none, before they take the place of the old ones. */
const STAGE = "bundle.next";
const COMPLETE = "complete";
const FILES = [EARLIER_FILE, "authority.key.pem", "authority.crt.pem", "trust.json", "gateway.crt.pem"];

/**
 * Puts a newer bundle of the same site in the place of the one that a gateway has: its trust settings, its intermediate, and a
 * certificate under that for the gateway's own key, which kiosks have pinned. The old intermediate is believed until it ends.
 *
 * A power cut in between leaves the old bundle, or is made good by {@link finishInstalling}.
 *
 * @throws {SiteBundleError} GW_SITE_BUNDLE when it is of another site or authority, has ended, or is not whole; nothing changed then
 */
export async function installBundle(folder: string, source: string, nowMs: WallMs): Promise<BundleOutcome> {
  const [own, given] = [await openIdentityFiles(folder, { nowMs }), await readBundle(source)];
  requireSameSite(own, given);
  const [before, after] = [own.authority, given.authority].map(
    ({ certificatePem }) => new X509Certificate(certificatePem),
  );
  if (!before || !after || before.fingerprint256 === after.fingerprint256) return "same";
  if (Date.parse(after.validFrom) < Date.parse(before.validFrom)) return "older";
  requireSound(given, after, nowMs);
  await stage(folder, { own, given, nowMs });
  await finishInstalling(folder);
  return "installed";
}

/** Ends an installation that a power cut interrupted; does nothing when there is none. */
export async function finishInstalling(folder: string): Promise<void> {
  const from = join(folder, STAGE);
  if (existsSync(join(from, COMPLETE)))
    for (const name of FILES) if (existsSync(join(from, name))) await rename(join(from, name), join(folder, name));
  await rm(from, { recursive: true, force: true });
}

async function stage(
  folder: string,
  { own, given, nowMs }: { readonly own: GatewayIdentity; readonly given: SiteBundle; readonly nowMs: WallMs },
): Promise<void> {
  const to = join(folder, STAGE);
  await rm(to, { recursive: true, force: true });
  await mkdir(to, { mode: 0o700 });
  const earlier = [own.authority.certificatePem, ...own.earlierAuthorities].map((pem) => pem.trim());
  await writeSafely(join(to, EARLIER_FILE), earlier.join("\n"));
  await writePair(to, "authority", given.authority);
  await writeSafely(join(to, "trust.json"), JSON.stringify(given.trust, null, 2));
  const { publicKey } = rawKeyPair(own.gateway.privateKeyPem);
  const leaf = { name: gatewayName(own.site), role: "server", nowMs, publicKey } as const;
  await writeSafely(join(to, "gateway.crt.pem"), await certifyKey(given.authority, leaf));
  await writeSafely(join(to, COMPLETE), "");
}

function requireSameSite(own: GatewayIdentity, { trust }: SiteBundle): void {
  if (trust.site !== own.site)
    throw new SiteBundleError(`the bundle is of site ${trust.site}, and this gateway is of ${own.site}`, {
      file: "trust.json",
    });
  if (trust.root.trim() !== own.trust.root.trim())
    throw new SiteBundleError(
      "the bundle is of another authority: its root is not the one that this gateway's kiosks believe",
      {
        file: "trust.json",
      },
    );
}

function requireSound({ authority, trust }: SiteBundle, certificate: X509Certificate, nowMs: WallMs): void {
  const root = new X509Certificate(trust.root);
  const isOfSite = certificate.subject === `CN=${siteName(trust.site as GatewayIdentity["site"])}`;
  const isIssued = certificate.ca && certificate.checkIssued(root) && certificate.verify(root.publicKey);
  if (!isOfSite || !isIssued)
    throw new SiteBundleError("authority.crt.pem is not this site's, by this authority", { file: "authority.crt.pem" });
  if (!equalKeys(authority.privateKeyPem, certificate))
    throw new SiteBundleError("authority.key.pem does not belong to authority.crt.pem", { file: "authority.key.pem" });
  if (Date.parse(certificate.validTo) <= nowMs)
    throw new SiteBundleError("the bundle's certificate has ended; or this machine's clock is wrong", {
      file: "authority.crt.pem",
    });
}

function equalKeys(privateKeyPem: string, certificate: X509Certificate): boolean {
  const { x } = certificate.publicKey.export({ format: "jwk" });
  return Buffer.from(rawKeyPair(privateKeyPem).publicKey).toString("base64url") === x;
}
