import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { deflateSync } from "node:zlib";
import * as x509 from "@peculiar/x509";
import { Sign1 } from "cose-kit";
import { importPKCS8, type KeyLike } from "jose";
import { encodeCbor } from "../../protocol/cbor.ts";
import { toBase45 } from "../../protocol/qr/base45.ts";
import type { TrustedIssuer } from "../../protocol/qr/reading.ts";
import { certificateKeyId } from "../../runtime/certificate-reader.ts";

type Algorithm = "ES256" | "PS256";
const PARAMETERS = {
  ES256: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  PS256: {
    name: "RSASSA-PKCS1-v1_5", // the key only: documents are signed with PSS, certificates seldom are
    modulusLength: 2048,
    publicExponent: Uint8Array.of(1, 0, 1),
    hash: "SHA-256",
  },
} as const;

/** An issuer of vaccine passports, made for one test. */
export interface TestIssuer {
  readonly algorithm: Algorithm;
  readonly trusted: TrustedIssuer;
  readonly key: KeyLike;
}

/** Makes an issuer whose certificate is valid in [from, to]. @param usages object identifiers of its extended key usage */
export async function createTestIssuer(
  algorithm: Algorithm,
  validity: { readonly from: number; readonly to: number; readonly usages?: readonly string[] },
): Promise<TestIssuer> {
  x509.cryptoProvider.set(webcrypto as never);
  const parameters = PARAMETERS[algorithm];
  const keys = (await webcrypto.subtle.generateKey(parameters, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=Issuer, C=VN",
    notBefore: new Date(validity.from),
    notAfter: new Date(validity.to),
    signingAlgorithm: parameters,
    keys,
    extensions: validity.usages ? [new x509.ExtendedKeyUsageExtension([...validity.usages])] : [],
  });
  const pem = certificate.toString("pem");
  const pkcs8 = x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY");
  return { algorithm, trusted: { kid: certificateKeyId(pem), pem }, key: await importPKCS8(pkcs8, algorithm) };
}

/** Claims of a passport with one vaccination; times in seconds. */
export function vaccinationClaims(times: { readonly issued: number; readonly expires: number }): Map<unknown, unknown> {
  const entry = new Map<string, unknown>([
    ["ci", "URN:UVCI:01:VN:TEST"],
    ["co", "VN"],
  ]);
  const names = new Map([
    ["fn", "Nguyễn"],
    ["gn", "Văn An"],
    ["fnt", "NGUYEN"],
    ["gnt", "VAN<AN"],
  ]);
  const certificate = new Map<string, unknown>([
    ["ver", "1.3.0"],
    ["nam", names],
    ["dob", "1990-01-01"],
    ["v", [entry]],
  ]);
  return new Map<unknown, unknown>([
    [1, "VN"],
    [4, times.expires],
    [6, times.issued],
    [-260, new Map([[1, certificate]])],
  ]);
}

/** Signs claims and writes them as a passport's text. */
export async function passportText(issuer: TestIssuer, claims: unknown): Promise<string> {
  const kid = Buffer.from(issuer.trusted.kid, "hex");
  const message = await Sign1.sign({ alg: issuer.algorithm }, { kid }, encodeCbor(claims), issuer.key);
  return `HC1:${toBase45(deflateSync(message.encode()))}`;
}
