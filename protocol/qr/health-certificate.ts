import { decodeHostileCbor } from "../cbor.ts";
import { MalformedError } from "../errors.ts";
import { displayText } from "./symbol-text.ts";

const CLAIM = { expires: 4, notBefore: 5, issued: 6, health: -260 } as const;
const DCC_V1 = 1;

/** What a vaccine passport attests, by the key of its list in the certificate. */
export const HEALTH_KINDS = { v: "vaccination", t: "test", r: "recovery" } as const;
export type HealthKind = (typeof HEALTH_KINDS)[keyof typeof HEALTH_KINDS];

/** The part of a vaccine passport that a door needs. Doses, products and results are not read: no door decides by them. */
export interface HealthCertificate {
  readonly kind: HealthKind;
  /** Unique certificate identifier, trimmed. */
  readonly certificateId: string;
  /** Family name, then given names, in the holder's letters. */
  readonly name: string;
  /** As written: a date, a year, or empty. */
  readonly birthDate: string;
  /** Instants, ms since 1970; null when the claim is missing. */
  readonly issuedMs: number | null;
  readonly expiresMs: number | null;
}

/**
 * Reads a CWT with an EU health certificate, softly: issuers put blanks, nulls and odd dates in fields that no door needs.
 *
 * Source: EU eHealth Network, Electronic Health Certificate Specification 1.0.5 (claims) and DCC JSON schema 1.3.0 (names).
 *
 * @throws {MalformedError} PROTO_MALFORMED when it is no CWT of a health certificate, or carries no certificate id
 */
export function parseHealthCertificate(payload: Uint8Array): HealthCertificate {
  const claims = decodeHostileCbor(payload);
  const certificate = mapAt(mapAt(claims, CLAIM.health), DCC_V1);
  if (!(claims instanceof Map) || !certificate) throw new MalformedError("not a health certificate");
  const entry = firstEntry(certificate);
  const names = mapAt(certificate, "nam");
  const issuedMs = instant(claims.get(CLAIM.issued));
  const notBeforeMs = instant(claims.get(CLAIM.notBefore));
  return {
    ...entry,
    name: displayText(`${nameAt(names, "fn", "fnt")} ${nameAt(names, "gn", "gnt")}`),
    birthDate: displayText(textAt(certificate, "dob")),
    issuedMs: notBeforeMs ?? issuedMs,
    expiresMs: instant(claims.get(CLAIM.expires)),
  };
}

/** The first entry that has an id; several in one code occur in the wild. */
function firstEntry(certificate: Map<unknown, unknown>): Pick<HealthCertificate, "kind" | "certificateId"> {
  for (const [key, kind] of Object.entries(HEALTH_KINDS)) {
    const list: unknown = certificate.get(key);
    const certificateId = Array.isArray(list) ? textAt(list[0], "ci").trim() : "";
    if (certificateId) return { kind, certificateId };
  }
  throw new MalformedError("a health certificate without an id");
}

function mapAt(value: unknown, key: string | number): Map<unknown, unknown> | null {
  const inner: unknown = value instanceof Map ? value.get(key) : null;
  return inner instanceof Map ? inner : null;
}

function textAt(value: unknown, key: string): string {
  const text: unknown = value instanceof Map ? value.get(key) : null;
  return typeof text === "string" ? text : "";
}

function nameAt(names: Map<unknown, unknown> | null, written: string, transliterated: string): string {
  return textAt(names, written).trim() || textAt(names, transliterated).replaceAll("<", " ").trim();
}

/** NumericDate (RFC 8392): whole or fractional seconds, sometimes tagged as an epoch time (tag 1). */
function instant(value: unknown): number | null {
  const seconds: unknown = typeof value === "object" && value !== null && "contents" in value ? value.contents : value;
  if (seconds === undefined || seconds === null) return null;
  if (typeof seconds !== "number" || !Number.isFinite(seconds)) throw new MalformedError("not a date of a CWT");
  return seconds * 1_000;
}
