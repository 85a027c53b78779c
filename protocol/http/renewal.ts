import { type Static, Type } from "@sinclair/typebox";
import { decodeHostileCbor, encodeCbor } from "../cbor.ts";
import { MalformedError } from "../errors.ts";
import { type DeviceId, parseDeviceId, parseSiteId, type SiteId } from "../ids.ts";

/** HTTPS without a client certificate, GET: a nonce to sign. */
export const RENEW_NONCE_PATH = "/renew/nonce";
/** HTTPS without a client certificate, POST: a certificate that ran out, or is about to, for a new one of the same key. */
export const RENEW_PATH = "/renew";

const DAY_MS = 86_400_000;
/** A certificate is renewed when this much of it is left, milliseconds. Source: house design, section 3, Constants. */
export const RENEW_BEFORE_MS: number = 30 * DAY_MS;
/** How long a nonce may be signed, milliseconds. */
export const NONCE_LIFETIME_MS = 120_000;
export const RENEW_NONCE_BYTES = 24;

export const NonceAnswer = Type.Object({ nonce: Type.String({ pattern: "^[0-9a-f]{48}$" }) });
export type NonceAnswer = Static<typeof NonceAnswer>;

/** Body of {@link RENEW_PATH}: COSE_Sign1 by the enrolled key over {@link encodeRenewal}, base64url. */
export const RenewRequest = Type.Object(
  { v: Type.Literal(1), proof: Type.String({ maxLength: 1_024, pattern: "^[\\w-]+$" }) },
  { additionalProperties: false },
);
export type RenewRequest = Static<typeof RenewRequest>;

/** Answer of {@link RENEW_PATH}: the new certificate, then the site's, PEM. */
export const RenewAnswer = Type.Object({ certificate: Type.String({ maxLength: 16_384 }) });
export type RenewAnswer = Static<typeof RenewAnswer>;

/** Why a gateway does not renew; `code` of its problem document. */
export const RENEW_REFUSALS = [
  "renew_unknown",
  "renew_revoked",
  "renew_nonce",
  "renew_forged",
  "renew_malformed",
  "renew_busy",
] as const;
export type RenewRefusal = (typeof RENEW_REFUSALS)[number];

/** Who asks, and the gateway's nonce. */
export interface Renewal {
  readonly site: SiteId;
  readonly device: DeviceId;
  readonly nonce: Uint8Array;
}

/** Names what is signed, so that the signature is good for nothing else. */
const LABEL = "bluepost renew";

/** Encodes the payload to be signed: CBOR [1, "bluepost renew", site, device, nonce]. */
export function encodeRenewal({ site, device, nonce }: Renewal): Uint8Array {
  return encodeCbor([1, LABEL, site, device, nonce]);
}

/** @throws {MalformedError} PROTO_MALFORMED when a field is not of its form */
export function decodeRenewal(payload: Uint8Array): Renewal {
  const fields = decodeHostileCbor(payload);
  if (!Array.isArray(fields) || fields.length !== 5 || fields[0] !== 1 || fields[1] !== LABEL)
    throw new MalformedError("not a request for renewal");
  const [, , site, device, nonce] = fields as readonly unknown[];
  if (!(nonce instanceof Uint8Array) || nonce.length !== RENEW_NONCE_BYTES) throw new MalformedError("not a nonce");
  return { site: parseSiteId(site), device: parseDeviceId(device), nonce };
}
