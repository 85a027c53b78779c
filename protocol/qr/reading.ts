import type { VaultContent } from "../checkin/envelope.ts";
import type { Evidence, Scheme } from "../checkin/record.ts";
import type { WallMs } from "../units.ts";

/** Every payload that the product recognises, by the name that users of `decode` see. */
export type QrFormat =
  | "bp1-card"
  | "bp2-phone-pass"
  | "vn-1405"
  | "vn-cccd"
  | "vn-bhyt"
  | "hc1"
  | "entry-declaration"
  | "bp-venue"
  | "bp-setup"
  | "bp-staff"
  | "party-size"
  | "clea"
  | "nz-covid-tracer"
  | "corona-warn-app"
  | "vn-declaration-url";

/** Why a recognised code is not accepted; stable, shown by `decode` and counted, never with content. */
export type RefusalReason =
  | "malformed"
  | "bad_signature"
  | "unknown_issuer"
  | "issuer_not_valid"
  | "key_usage"
  | "expired"
  | "not_yet_valid"
  | "stale"
  | "revoked"
  | "scanner_layout"
  | "oversize"
  | "not_supported";

/** What a screen may show of a person: DESIGN section 2, "On screen". Lives for one result, is never stored or logged. */
export interface MaskedIdentity {
  /** Document number with its first 6 characters as `*`, or null when the document has none to show. */
  readonly id: string | null;
  /** Initials of the family and middle names, then the given name: `N. V. AN`; null when unknown. */
  readonly name: string | null;
  readonly birthYear: number | null;
}

/** A visitor's own code, read and (where the format allows) verified. Held in memory for one scan only. */
export interface Credential {
  readonly kind: "credential";
  readonly format: QrFormat;
  readonly scheme: Exclude<Scheme, "none">;
  /** Canonical id, DESIGN section 2, 1 to 64 characters. */
  readonly id: string;
  readonly evidence: Evidence;
  /** `unknown` when the code proves its age but this clock is too unsure to judge it. */
  readonly freshness: "static" | "live" | "unknown";
  /** Contact data in the code, for the vault envelope; null when it has none. */
  readonly vault: VaultContent | null;
  readonly masked: MaskedIdentity;
  /** 30-second step of a phone pass: one step is accepted once per site. */
  readonly step?: number;
}

/** The outcome of reading one payload; exhaustive, never an exception. */
export type QrReading =
  | Credential
  | { readonly kind: "poster"; readonly format: QrFormat; readonly place?: PosterPlace }
  | { readonly kind: "refused"; readonly format: QrFormat; readonly reason: RefusalReason }
  | { readonly kind: "party"; readonly count: number }
  | { readonly kind: "setup"; readonly setup: SetupCode }
  | { readonly kind: "staff"; readonly action: StaffAction }
  | { readonly kind: "unknown"; readonly reason: "unrecognised" | "oversize" | "control_characters" | "charset" };

/** What a poster says of its place, in public; for `decode` only. */
export interface PosterPlace {
  readonly name?: string;
  readonly address?: string;
  /** The poster's own id in its scheme: global location number (NZ), location id (CWA, hex), temporary location id (Clea, hex). */
  readonly id?: string;
}

/** Single-use code with which a gateway claims a new kiosk (DESIGN section 3, Constants). */
export interface SetupCode {
  readonly url: string;
  /** SHA-256 of the site's certificate authority, hex. */
  readonly caSha256: string;
  readonly token: string;
  readonly site: string;
  readonly venue: string;
  readonly wifi?: { readonly ssid: string; readonly password: string };
}

/** What a technician's or staff member's code asks for. The position in this list is the number on the wire. */
export const STAFF_ACTIONS = ["menu", "mute", "out_of_order", "in_service", "all_out"] as const;
export type StaffAction = (typeof STAFF_ACTIONS)[number];

/** An issuer of vaccine passports that this door believes. */
export interface TrustedIssuer {
  /** Key id, 8 bytes as lower-case hex: the first bytes of SHA-256 of the certificate. Several issuers may share one. */
  readonly kid: string;
  /** `-----BEGIN CERTIFICATE-----`, or a bare `-----BEGIN PUBLIC KEY-----`, which then has no end and may sign anything. */
  readonly pem: string;
}

/** What a verifier needs of a certificate. */
export interface CertificateFacts {
  /** SubjectPublicKeyInfo, PEM. */
  readonly spkiPem: string;
  /** Validity, both ends inclusive, ms since 1970. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** Object identifiers of the extended key usage; empty when the certificate has none. */
  readonly extendedKeyUsage: readonly string[];
}

/** Reads the facts of a certificate or bare public key. @throws {MalformedError} PROTO_MALFORMED when `pem` is neither */
export type CertificateReader = (pem: string) => CertificateFacts;

/** Inflates a zlib stream (RFC 1950). @throws {MalformedError} PROTO_MALFORMED when it is broken or longer than `maxBytes` */
export type Inflate = (bytes: Uint8Array, maxBytes: number) => Uint8Array;

/** What the parser needs besides the bytes. All of it comes in as a value, so the same bytes read the same way twice. */
export interface ReadingContext {
  /** Trusted wall clock, or null while it is unsynced: then nothing is refused for its age. */
  readonly nowMs: WallMs | null;
  readonly clockUncertaintyMs: number;
}
