import { type CoseAlgorithm, type CoseKey, importPemKey } from "../cose.ts";
import type { CertificateFacts, CertificateReader, TrustedIssuer } from "./reading.ts";

/** One believed issuer with its certificate taken apart. */
export interface Hc1Issuer extends CertificateFacts {
  readonly kid: string;
}

/** The believed issuers by key id; keys are imported at first use and kept. */
export class Hc1Issuers {
  readonly #byKid = new Map<string, Hc1Issuer[]>();
  readonly #keys = new Map<string, Promise<CoseKey>>();

  /** @throws {MalformedError} PROTO_MALFORMED when a certificate of the list cannot be read */
  constructor(trust: readonly TrustedIssuer[], readCertificate: CertificateReader) {
    for (const { kid, pem } of trust) {
      const issuer = { kid, ...readCertificate(pem) };
      this.#byKid.set(kid, [...(this.#byKid.get(kid) ?? []), issuer]);
    }
  }

  /** Every issuer with this key id: 8 bytes of a hash may be shared, so each must be tried. */
  find(kid: string): readonly Hc1Issuer[] {
    return this.#byKid.get(kid) ?? [];
  }

  key(issuer: Hc1Issuer, algorithm: CoseAlgorithm): Promise<CoseKey> {
    const name = `${algorithm} ${issuer.spkiPem}`;
    const known = this.#keys.get(name) ?? importPemKey(issuer.spkiPem, algorithm);
    this.#keys.set(name, known);
    return known;
  }
}
