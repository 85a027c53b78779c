import { concatBytes, equalBytes, fromHex, toHex } from "../bytes.ts";
import { decodeHostileCbor, encodeCbor } from "../cbor.ts";
import type { CryptoPort } from "../crypto-port.ts";
import { MalformedError } from "../errors.ts";
import { parseSiteId, parseVenueId } from "../ids.ts";
import { fromBase45, toBase45 } from "./base45.ts";
import type { QrFormatReader } from "./format.ts";
import type { SetupCode } from "./reading.ts";

export const SETUP_PREFIX = "BPS:";
const VERSION = 1;
const CHECK_BYTES = 4;

/**
 * Makes the text of a setup code. Byte table: protocol/FORMATS.md, "Setup code".
 *
 * It is a secret while its token lives (single use, at most 10 minutes): show it on one screen, print it nowhere.
 */
export function encodeSetupCode(crypto: CryptoPort, setup: SetupCode): string {
  const { url, caSha256, token, site, venue, wifi } = setup;
  const fields: unknown[] = [VERSION, url, fromHex(caSha256), token, site, venue];
  if (wifi) fields.push([wifi.ssid, wifi.password]);
  const body = encodeCbor(fields);
  return SETUP_PREFIX + toBase45(concatBytes(body, crypto.sha256(body).subarray(0, CHECK_BYTES)));
}

/**
 * Reads a setup code. The check at its end guards against a scanner that garbles, not against a forger: only the token's acceptance by
 * the gateway, whose authority the code pins, proves anything.
 *
 * @throws {MalformedError} PROTO_MALFORMED when any field is not of its form
 */
export function parseSetupCode(crypto: CryptoPort, text: string): SetupCode {
  const bytes = fromBase45(text.slice(SETUP_PREFIX.length));
  const body = bytes.subarray(0, -CHECK_BYTES);
  if (!equalBytes(crypto.sha256(body).subarray(0, CHECK_BYTES), bytes.subarray(body.length)))
    throw new MalformedError("setup code garbled");
  const fields = decodeHostileCbor(body);
  if (!Array.isArray(fields) || fields.length < 6 || fields.length > 7 || fields[0] !== VERSION)
    throw new MalformedError("not a setup code");
  const [, url, ca, token, site, venue, wifi] = fields as readonly unknown[];
  if (!(ca instanceof Uint8Array) || ca.length !== 32) throw new MalformedError("not a setup code");
  return {
    url: shortText(url, /^https?:\/\/[\w.:[\]-]{1,260}\/?$/),
    caSha256: toHex(ca),
    token: shortText(token, /^[\w-]{8,64}$/),
    site: parseSiteId(site),
    venue: parseVenueId(venue),
    ...(wifi !== undefined && { wifi: parseWifi(wifi) }),
  };
}

/** Network name of 1 to 32 characters; password of WPA2, 8 to 63, or empty for an open network (IEEE 802.11). */
function parseWifi(value: unknown): { readonly ssid: string; readonly password: string } {
  if (!Array.isArray(value) || value.length !== 2) throw new MalformedError("not a setup code");
  return {
    ssid: shortText(value[0], /^[^\p{Cc}]{1,32}$/u),
    password: shortText(value[1], /^(?:[^\p{Cc}]{8,63})?$/u),
  };
}

function shortText(value: unknown, form: RegExp): string {
  if (typeof value !== "string" || !form.test(value)) throw new MalformedError("not a setup code");
  return value;
}

/** The code with which a gateway claims a new kiosk. */
export function setupCode(crypto: CryptoPort): QrFormatReader {
  return {
    format: "bp-setup",
    owns: (text) => text.startsWith(SETUP_PREFIX),
    read: (text) => ({ kind: "setup", setup: parseSetupCode(crypto, text) }),
  };
}
