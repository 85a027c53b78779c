import { createPublicKey, X509Certificate } from "node:crypto";
import { BluepostError } from "../../protocol/errors.ts";
import { type DeviceId, parseDeviceId, parseSiteId, type SiteId } from "../../protocol/ids.ts";
import { NAME_ROOT } from "./authority.ts";

/** A certificate chain does not lead to our root, or names another site or device than it should. */
export class ForeignCertificateError extends BluepostError {
  readonly code = "RT_FOREIGN_CERTIFICATE";
  readonly recovery = "operator";
}

/** Who a device certificate speaks for. */
export interface DeviceIdentity {
  readonly site: SiteId;
  readonly device: DeviceId;
  /** Raw Ed25519 public key, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** SHA-256 of the certificate, for revocation and caches, upper-case hex with colons. */
  readonly fingerprint: string;
}

/**
 * Verifies a chain [device, site intermediate] up to the root, names included: a site's intermediate may speak for its own
 * names only. Validity in time is left to the caller: a batch may reach the engine long after its certificate ran out.
 *
 * @throws {ForeignCertificateError} RT_FOREIGN_CERTIFICATE when any link does not hold
 */
export function verifyDeviceChain(chain: readonly Uint8Array[], rootPem: string): DeviceIdentity {
  const root = new X509Certificate(rootPem);
  const [leaf, intermediate] = chain.slice(0, 2).map(parse);
  if (!leaf || !intermediate || chain.length !== 2)
    throw new ForeignCertificateError("a chain has a device and a site certificate");
  if (!intermediate.ca || !intermediate.verify(root.publicKey) || !intermediate.checkIssued(root)) {
    throw new ForeignCertificateError("the site certificate is not signed by our authority");
  }
  if (leaf.ca || !leaf.verify(intermediate.publicKey) || !leaf.checkIssued(intermediate)) {
    throw new ForeignCertificateError("the device certificate is not signed by its site");
  }
  const site = siteOf(commonName(intermediate));
  const names = commonName(leaf).split(".");
  if (names.slice(1).join(".") !== `${site}.${NAME_ROOT}`)
    throw new ForeignCertificateError("the device is of another site");
  return { site, device: parseDeviceId(names[0]), publicKey: rawPublicKey(leaf), fingerprint: leaf.fingerprint256 };
}

/** Raw Ed25519 public key of a certificate in PEM or DER, 32 bytes. */
export function certificatePublicKey(certificate: string | Uint8Array): Uint8Array {
  return rawPublicKey(new X509Certificate(certificate));
}

/** DER of each certificate in a PEM text, in order. */
export function pemToChain(pem: string): readonly Uint8Array[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new Uint8Array(new X509Certificate(block).raw));
}

/** Raw Ed25519 halves of a PKCS #8 private key, 32 bytes each. */
export function rawKeyPair(privateKeyPem: string): { readonly publicKey: Uint8Array; readonly privateKey: Uint8Array } {
  const jwk = createPublicKey(privateKeyPem).export({ format: "jwk" });
  const secret = Buffer.from(privateKeyPem.replace(/-----[^-]+-----|\s/g, ""), "base64").subarray(-32);
  return { publicKey: Buffer.from(String(jwk.x), "base64url"), privateKey: new Uint8Array(secret) };
}

function parse(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch (cause) {
    throw new ForeignCertificateError("not a certificate", {}, { cause });
  }
}

function commonName(certificate: X509Certificate): string {
  return /^CN=(.+)$/m.exec(certificate.subject)?.[1] ?? "";
}

function siteOf(name: string): SiteId {
  const suffix = `.${NAME_ROOT}`;
  if (!name.endsWith(suffix)) throw new ForeignCertificateError("not a site certificate");
  return parseSiteId(name.slice(0, -suffix.length));
}

function rawPublicKey(certificate: X509Certificate): Uint8Array {
  const jwk = certificate.publicKey.export({ format: "jwk" });
  if (jwk.crv !== "Ed25519") throw new ForeignCertificateError("not an Ed25519 certificate");
  return new Uint8Array(Buffer.from(String(jwk.x), "base64url"));
}
