import { toHex, utf8 } from "../bytes.ts";
import { type Cose1, parseCose1, verifyCose1 } from "../cose.ts";
import type { CryptoPort } from "../crypto-port.ts";
import { BadSealError } from "../errors.ts";
import { fromBase45 } from "./base45.ts";
import type { QrFormatReader } from "./format.ts";
import type { Hc1Issuer, Hc1Issuers } from "./hc1-issuers.ts";
import { type HealthCertificate, type HealthKind, parseHealthCertificate } from "./health-certificate.ts";
import { maskedIdentity } from "./mask.ts";
import type { Inflate, QrReading, ReadingContext, RefusalReason } from "./reading.ts";

const FORMAT = "hc1";
const PREFIX = "HC1:";

/** Longest certificate after inflating, bytes; real ones have under 2,000. A QR code of zeros could inflate to 3 MB. */
export const MAX_HC1_BYTES = 32_768;

/**
 * Extended key usages that bind a key to one kind of certificate: two spellings of each are in use.
 * Source: EU eHealth Network, Technical Specifications for Digital Green Certificates, volume 5, section 5.
 */
const USAGES: Readonly<Record<HealthKind, readonly string[]>> = {
  test: ["1.3.6.1.4.1.1847.2021.1.1", "1.3.6.1.4.1.0.1847.2021.1.1"],
  vaccination: ["1.3.6.1.4.1.1847.2021.1.2", "1.3.6.1.4.1.0.1847.2021.1.2"],
  recovery: ["1.3.6.1.4.1.1847.2021.1.3", "1.3.6.1.4.1.0.1847.2021.1.3"],
};
const ALL_USAGES = Object.values(USAGES).flat();

/** A key may sign this kind when its certificate names it, or names none of the three kinds. */
function maySign(issuer: Hc1Issuer, kind: HealthKind): boolean {
  const named = issuer.extendedKeyUsage.filter((usage) => ALL_USAGES.includes(usage));
  return named.length === 0 || named.some((usage) => USAGES[kind].includes(usage));
}

function timeFault(
  certificate: HealthCertificate,
  issuer: Hc1Issuer,
  { nowMs, clockUncertaintyMs }: ReadingContext,
): RefusalReason | null {
  if (nowMs === null) return null;
  const earliest = nowMs - clockUncertaintyMs;
  const latest = nowMs + clockUncertaintyMs;
  if (certificate.expiresMs !== null && earliest > certificate.expiresMs) return "expired";
  if (certificate.issuedMs !== null && latest < certificate.issuedMs) return "not_yet_valid";
  return earliest > issuer.notAfterMs || latest < issuer.notBeforeMs ? "issuer_not_valid" : null;
}

/**
 * EU Digital COVID Certificate, and the Vietnamese vaccine passport in the same form: `HC1:` + base45(zlib(COSE_Sign1(CWT))), signed with
 * ES256 or PS256 by an issuer of the trust list. The schema is not checked: which doses count is for rules, not for a door.
 */
export function hc1(deps: {
  readonly crypto: CryptoPort;
  readonly inflate: Inflate;
  readonly issuers: Hc1Issuers;
}): QrFormatReader {
  const refuse = (reason: RefusalReason): QrReading => ({ kind: "refused", format: FORMAT, reason });

  async function signer(message: Cose1): Promise<Hc1Issuer | RefusalReason> {
    const candidates = message.kid ? deps.issuers.find(toHex(message.kid)) : [];
    for (const issuer of candidates) {
      if (await isSignedBy(deps.issuers, message, issuer)) return issuer;
    }
    return candidates.length === 0 ? "unknown_issuer" : "bad_signature";
  }

  return {
    format: FORMAT,
    owns: (text) => text.startsWith(PREFIX),

    async read(text, context): Promise<QrReading> {
      const message = parseCose1(deps.inflate(fromBase45(text.slice(PREFIX.length)), MAX_HC1_BYTES));
      const certificate = parseHealthCertificate(message.payload);
      const issuer = await signer(message);
      if (typeof issuer === "string") return refuse(issuer);
      if (!maySign(issuer, certificate.kind)) return refuse("key_usage");
      const fault = timeFault(certificate, issuer, context);
      if (fault) return refuse(fault);
      const { name, birthDate } = certificate;
      return {
        kind: "credential",
        format: FORMAT,
        scheme: "hc1",
        id: toHex(deps.crypto.sha256(utf8(certificate.certificateId))),
        evidence: "signed_static",
        freshness: "static",
        vault: { name, birthDate },
        masked: maskedIdentity({ id: null, name, birth: birthDate }),
      };
    },
  };
}

async function isSignedBy(issuers: Hc1Issuers, message: Cose1, issuer: Hc1Issuer): Promise<boolean> {
  if (message.algorithm === "EdDSA") return false; // not an algorithm of this format
  try {
    await verifyCose1(message, await issuers.key(issuer, message.algorithm));
    return true;
  } catch (fault) {
    if (fault instanceof BadSealError) return false;
    throw fault;
  }
}
