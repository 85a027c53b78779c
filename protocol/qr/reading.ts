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
  | { readonly kind: "poster"; readonly format: QrFormat }
  | { readonly kind: "refused"; readonly format: QrFormat; readonly reason: RefusalReason }
  | { readonly kind: "party"; readonly count: number }
  | { readonly kind: "setup"; readonly setup: SetupCode }
  | { readonly kind: "staff"; readonly action: StaffAction }
  | { readonly kind: "unknown"; readonly reason: "unrecognised" | "oversize" | "control_characters" | "charset" };

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

/** What a technician's or staff member's code asks for. */
export type StaffAction = "menu" | "mute" | "out_of_order" | "in_service" | "all_out";

/** A key that signs documents, and when it may. */
export interface TrustedIssuer {
  /** First 8 bytes of SHA-256 of the certificate (HC1), or 4 bytes (our card), as hex. */
  readonly kid: string;
  /** Certificate (`-----BEGIN CERTIFICATE-----`) for HC1, or public key in PEM. */
  readonly pem: string;
}

/** What the parser needs besides the bytes. All of it comes in as a value, so the same bytes read the same way twice. */
export interface ReadingContext {
  /** Trusted wall clock, or null while it is unsynced: then nothing is refused for its age. */
  readonly nowMs: WallMs | null;
  readonly clockUncertaintyMs: number;
}
