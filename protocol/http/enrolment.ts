import { type Static, Type } from "@sinclair/typebox";
import type { CryptoPort } from "../crypto-port.ts";
import { type DeviceId, parseDeviceId } from "../ids.ts";

/** Plain HTTP, GET: who the gateway is. Nothing in it is believed before it agrees with the pin of a setup code. */
export const AUTHORITY_PATH = "/authority";
/** HTTPS without a client certificate, POST: a setup code's token and a certificate request become a device. */
export const ENROL_PATH = "/enrol";

/** How long a setup code lives, milliseconds, by the gateway's clock. Source: house design, section 3, Constants. */
export const CLAIM_LIFETIME_MS = 600_000;

const Pem = Type.String({ maxLength: 4_096 });
const Hex32 = Type.String({ pattern: "^[0-9a-f]{64}$" });
const Port = Type.Integer({ minimum: 1, maximum: 65_535 });

/** Answer of {@link AUTHORITY_PATH}. */
export const AuthorityAnswer = Type.Object({
  v: Type.Literal(1),
  site: Type.String({ maxLength: 32 }),
  /** Certificates: the authority's root, the site's intermediate (its SHA-256 is the pin), the gateway's own. */
  root: Pem,
  authority: Pem,
  gateway: Pem,
  /** Port of HTTPS for {@link ENROL_PATH} and renewal; it may change, so ask before each use. */
  enrolPort: Port,
});
export type AuthorityAnswer = Static<typeof AuthorityAnswer>;

/** Body of {@link ENROL_PATH}: the setup code's fields as they were read, and a PKCS #10 request for the device's own key. */
export const EnrolRequest = Type.Object(
  {
    v: Type.Literal(1),
    token: Type.String({ pattern: "^[\\w-]{8,64}$" }),
    site: Type.String({ maxLength: 32 }),
    venue: Type.String({ maxLength: 8 }),
    /** SHA-256 of the site's intermediate, DER, as in the code. */
    authority: Hex32,
    csr: Pem,
  },
  { additionalProperties: false },
);
export type EnrolRequest = Static<typeof EnrolRequest>;

/** What a device is told of its place: `device.json` of a bundle. */
export const DeviceSettings = Type.Object({
  site: Type.String(),
  device: Type.String(),
  venue: Type.String(),
  venueName: Type.String({ maxLength: 200 }),
  gate: Type.Integer({ minimum: 0, maximum: 255 }),
  gatewayHost: Type.String(),
  gatewayPort: Port,
  /** Plain HTTP: signed time, and where renewal is to be had; absent in bundles that were made by hand. */
  gatewayHttpPort: Type.Optional(Port),
});
export type DeviceSettings = Static<typeof DeviceSettings>;

/** Answer of {@link ENROL_PATH}. `trust` has the form of trust.json. */
export const EnrolAnswer = Type.Object({
  settings: DeviceSettings,
  /** The device's certificate, then the site's, PEM. */
  certificate: Type.String({ maxLength: 16_384 }),
  trust: Type.Unknown(),
});
export type EnrolAnswer = Static<typeof EnrolAnswer>;

/**
 * Why a gateway does not take a claim; `code` of its problem document.
 *
 * `unknown`: never made here, so forged, or of another gateway of this site. `foreign`: of another site or authority. `altered`: the
 * token is genuine and the fields around it are not.
 */
export const CLAIM_REFUSALS = [
  "claim_unknown",
  "claim_foreign",
  "claim_altered",
  "claim_expired",
  "claim_used",
  "claim_device_exists",
  "claim_malformed",
  "claim_busy",
] as const;
export type ClaimRefusal = (typeof CLAIM_REFUSALS)[number];

const DIGITS = "0123456789abcdefghjkmnpqrstvwxyz";
const CODE_DIGITS = 8;

/** Names a device that was given no name: `kiosk-` and 40 bits of its key's SHA-256 as 8 Crockford digits; also shown on its screen. */
export function deviceNameOf(crypto: Pick<CryptoPort, "sha256">, publicKey: Uint8Array): DeviceId {
  const hash = crypto.sha256(publicKey);
  let digits = "";
  for (let bit = 0; bit < CODE_DIGITS * 5; bit += 5) {
    const pair = ((hash[bit >> 3] as number) << 8) | (hash[(bit >> 3) + 1] as number);
    digits += DIGITS[(pair >> (11 - (bit & 7))) & 31];
  }
  return parseDeviceId(`kiosk-${digits}`);
}
