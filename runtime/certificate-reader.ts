import { createPublicKey, X509Certificate } from "node:crypto";
import { MalformedError } from "../protocol/errors.ts";
import type { CertificateFacts } from "../protocol/qr/reading.ts";

/**
 * Reads the facts of a certificate, or of a bare public key, which is valid for ever and bound to no use.
 *
 * @throws {MalformedError} PROTO_MALFORMED when the text is neither
 */
export function readCertificate(pem: string): CertificateFacts {
  try {
    if (!pem.includes("-----BEGIN CERTIFICATE-----")) {
      const spkiPem = createPublicKey(pem).export({ type: "spki", format: "pem" }).toString();
      return { spkiPem, notBeforeMs: 0, notAfterMs: Number.MAX_SAFE_INTEGER, extendedKeyUsage: [] };
    }
    const certificate = new X509Certificate(pem);
    return {
      spkiPem: certificate.publicKey.export({ type: "spki", format: "pem" }).toString(),
      notBeforeMs: Date.parse(certificate.validFrom),
      notAfterMs: Date.parse(certificate.validTo),
      extendedKeyUsage: certificate.keyUsage ?? [],
    };
  } catch (cause) {
    throw new MalformedError("not a certificate or public key in PEM", { characters: pem.length }, { cause });
  }
}

/** First 8 bytes of SHA-256 of a certificate in PEM, hex: the key id of vaccine passports. @throws {MalformedError} PROTO_MALFORMED */
export function certificateKeyId(pem: string): string {
  try {
    return new X509Certificate(pem).fingerprint256.replaceAll(":", "").slice(0, 16).toLowerCase();
  } catch (cause) {
    throw new MalformedError("not a certificate in PEM", { characters: pem.length }, { cause });
  }
}
