import "reflect-metadata";
import { webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";
import type { DeviceId, SiteId } from "../../protocol/ids.ts";
import { DAY_MS } from "../../protocol/units.ts";

x509.cryptoProvider.set(webcrypto as never); // the library types this as the DOM's Crypto, which Node's is at run time

/** Top of the names that certificates carry; `.internal` is reserved for private use and never resolves outside. */
export const NAME_ROOT = "bluepost.internal";

const ALGORITHM = { name: "Ed25519" };
const ROOT_DAYS = 20 * 365;
const SITE_DAYS = 3 * 365;
const DEVICE_DAYS = 90;
/** Certificates are valid from a day back, so that a kiosk whose clock is slightly behind accepts them. */
const BACKDATE_MS = DAY_MS;

/** A certificate and the private key of its subject. */
export interface Identity {
  readonly certificatePem: string;
  /** PKCS #8, Ed25519. */
  readonly privateKeyPem: string;
}

/** DNS name of a site; its intermediate may sign for names below it only. */
export function siteName(site: SiteId): string {
  return `${site}.${NAME_ROOT}`;
}

/** DNS name that a device's certificate carries. */
export function deviceName(site: SiteId, device: DeviceId): string {
  return `${device}.${siteName(site)}`;
}

/** DNS name that the engine serves TLS under; the root signs it itself. */
export const ENGINE_NAME: string = `engine.${NAME_ROOT}`;

/** First label of a gateway's name; no device may have it for its own. */
export const GATEWAY_LABEL = "gateway";

/** DNS name that the gateway of a site serves TLS under. */
export function gatewayName(site: SiteId): string {
  return `${GATEWAY_LABEL}.${siteName(site)}`;
}

async function generate(): Promise<webcrypto.CryptoKeyPair> {
  return (await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
}

async function privatePem(keys: webcrypto.CryptoKeyPair): Promise<string> {
  const der = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  return x509.PemConverter.encode(der, "PRIVATE KEY");
}

/** @param latestMs end of the issuer's own certificate: a longer one would promise what no chain holds */
function validity(
  nowMs: number,
  days: number,
  latestMs = Number.POSITIVE_INFINITY,
): { notBefore: Date; notAfter: Date } {
  const notAfterMs = Math.min(nowMs + days * DAY_MS, latestMs);
  return { notBefore: new Date(nowMs - BACKDATE_MS), notAfter: new Date(notAfterMs) };
}

async function issue(
  issuer: Identity,
  subject: {
    readonly name: string;
    readonly publicKey: webcrypto.CryptoKey;
    readonly days: number;
    readonly nowMs: number;
  },
  extensions: x509.Extension[],
): Promise<string> {
  const parent = new x509.X509Certificate(issuer.certificatePem);
  const signingKey = await webcrypto.subtle.importKey(
    "pkcs8",
    x509.PemConverter.decode(issuer.privateKeyPem)[0] as ArrayBuffer,
    ALGORITHM,
    false,
    ["sign"],
  );
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=${subject.name}`,
    issuer: parent.subject,
    publicKey: subject.publicKey,
    signingKey: signingKey,
    signingAlgorithm: ALGORITHM,
    ...validity(subject.nowMs, subject.days, parent.notAfter.getTime()),
    extensions: [
      ...extensions,
      await x509.SubjectKeyIdentifierExtension.create(subject.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(parent.publicKey),
    ],
  });
  return certificate.toString("pem");
}

/** Makes a root of trust: self-signed, for an authority's development set-up. */
export async function createRoot(name: string, nowMs: number): Promise<Identity> {
  const keys = await generate();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys: keys,
    signingAlgorithm: ALGORITHM,
    ...validity(nowMs, ROOT_DAYS),
    extensions: [
      new x509.BasicConstraintsExtension(true, 1, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificatePem: certificate.toString("pem"), privateKeyPem: await privatePem(keys) };
}

/** Makes the intermediate of one site, constrained to names below that site: it can forge its own devices only. */
export async function createSiteAuthority(root: Identity, site: SiteId, nowMs: number): Promise<Identity> {
  const keys = await generate();
  const permitted = new x509.GeneralName("dns", siteName(site));
  const certificatePem = await issue(
    root,
    { name: siteName(site), publicKey: keys.publicKey, days: SITE_DAYS, nowMs },
    [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      nameConstraints([permitted]),
    ],
  );
  return { certificatePem, privateKeyPem: await privatePem(keys) };
}

/** Who a leaf certificate is for. */
export interface LeafSubject {
  readonly name: string;
  /** A gateway is a TLS server (and the engine's client) and signs time and custody; a kiosk is a TLS client and signs batches. */
  readonly role: "server" | "client";
  readonly nowMs: number;
}

/** Makes key and certificate for a gateway or a kiosk. */
export async function createLeaf(siteAuthority: Identity, subject: LeafSubject): Promise<Identity> {
  const keys = await generate();
  const certificatePem = await certifyKey(siteAuthority, { ...subject, publicKey: keys.publicKey });
  return { certificatePem, privateKeyPem: await privatePem(keys) };
}

/**
 * Makes a certificate for a key that lives elsewhere, or that has one which runs out.
 *
 * It ends with the site's certificate at the latest.
 *
 * @param subject.publicKey raw Ed25519, 32 bytes, or the key itself
 * @returns the certificate alone, PEM
 */
export async function certifyKey(
  siteAuthority: Identity,
  subject: LeafSubject & { readonly publicKey: Uint8Array | webcrypto.CryptoKey },
): Promise<string> {
  const { name, role, nowMs } = subject;
  const publicKey = subject.publicKey instanceof Uint8Array ? await rawVerifyKey(subject.publicKey) : subject.publicKey;
  const { serverAuth, clientAuth } = x509.ExtendedKeyUsage;
  return issue(siteAuthority, { name, publicKey, days: DEVICE_DAYS, nowMs }, [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension(role === "server" ? [serverAuth, clientAuth] : [clientAuth]),
    new x509.SubjectAlternativeNameExtension([{ type: "dns", value: name }]),
  ]);
}

function rawVerifyKey(raw: Uint8Array): Promise<webcrypto.CryptoKey> {
  return webcrypto.subtle.importKey("raw", Uint8Array.from(raw), ALGORITHM, true, ["verify"]);
}

/** Name constraints (RFC 5280 section 4.2.1.10), permitted subtrees only, critical. */
function nameConstraints(permitted: readonly x509.GeneralName[]): x509.Extension {
  const subtrees = permitted.map((name) => sequence(new Uint8Array(name.rawData)));
  const body = subtrees.flatMap((bytes) => [...bytes]);
  const value = sequence(Uint8Array.from([0xa0, body.length, ...body]));
  return new x509.Extension("2.5.29.30", true, value);
}

/** A DER SEQUENCE of less than 128 bytes. */
function sequence(body: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([0x30, body.length, ...body]);
}
