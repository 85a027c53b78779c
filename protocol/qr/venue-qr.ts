import { bigEndian, concatBytes, fromBase64Url, toBase64Url, toHex } from "../bytes.ts";
import type { CryptoPort } from "../crypto-port.ts";
import { MalformedError } from "../errors.ts";
import { SECOND_MS, type WallMs } from "../units.ts";
import {
  encodeLocationPart,
  type LocationFacts,
  NTP_OFFSET_SECONDS,
  parseLocationPart,
  temporaryLocationId,
} from "./clea.ts";
import type { QrFormatReader } from "./format.ts";

/** Address that venue codes stand under; what follows never reaches the server (it is a fragment). */
export const VENUE_QR_PREFIX = "https://bluepost.example/v?v=0#";

/** First byte of a poster's body: version 0 (3 bits), type 1 (3 bits), reserved (2 bits). Clea's own parts have type 0. */
const POSTER_HEADER = 0x04;
const SEED_BYTES = 16;
const HOUR_SECONDS = 3_600;

/** A venue's code as a phone reads it. */
export type VenueCode =
  | { readonly kind: "poster"; readonly seed: Uint8Array }
  | { readonly kind: "rotating"; readonly locationId: Uint8Array };

/** Makes the text of a printed poster. @param seed 16 random bytes, one poster one seed */
export function posterText(seed: Uint8Array): string {
  if (seed.length !== SEED_BYTES) throw new MalformedError("a poster's seed must have 16 bytes");
  return VENUE_QR_PREFIX + toBase64Url(concatBytes(Uint8Array.of(POSTER_HEADER), seed));
}

/**
 * Id under which a poster is published for one site day: SHA-256(seed | day as 4 bytes). Whoever has stood before the poster can
 * recognise it on every day.
 */
export function publishedPosterId(crypto: CryptoPort, seed: Uint8Array, day: number): Uint8Array {
  return crypto.sha256(concatBytes(seed, bigEndian(day, 4)));
}

/** Makes the text that a kiosk shows on its screen: a new one every 2^renewalExponent seconds, one location id a period. */
export async function rotatingVenueText(
  crypto: CryptoPort,
  venue: Pick<LocationFacts, "renewalExponent" | "venueType" | "category1" | "category2" | "periodHours"> & {
    /** LTKey of the period, 32 bytes: publishedPeriodKey() of the site's day keys. */
    readonly periodKey: Uint8Array;
    readonly periodStartMs: WallMs;
    readonly nowMs: WallMs;
    /** The authority's P-256 key, uncompressed, 65 bytes. */
    readonly authorityKey: Uint8Array;
  },
): Promise<string> {
  const ntpSeconds = (atMs: WallMs): number => Math.floor(atMs / SECOND_MS) + NTP_OFFSET_SECONDS;
  const { periodStartMs, nowMs, authorityKey, ...kind } = venue;
  const facts: LocationFacts = {
    ...kind,
    staff: false,
    periodStartHours: Math.floor(ntpSeconds(periodStartMs) / HOUR_SECONDS),
    shownSinceSeconds: ntpSeconds(nowMs),
  };
  const locationId = temporaryLocationId(crypto, venue.periodKey);
  return VENUE_QR_PREFIX + toBase64Url(await encodeLocationPart(crypto, { locationId, facts, authorityKey }));
}

/** @throws {MalformedError} PROTO_MALFORMED when the text is neither a poster nor a rotating code of ours */
export function parseVenueCode(text: string): VenueCode {
  if (!text.startsWith(VENUE_QR_PREFIX)) throw new MalformedError("not a venue code");
  const body = fromBase64Url(text.slice(VENUE_QR_PREFIX.length));
  if (body[0] === POSTER_HEADER && body.length === 1 + SEED_BYTES) return { kind: "poster", seed: body.slice(1) };
  return { kind: "rotating", locationId: parseLocationPart(body).locationId };
}

/** Our own venue code, shown to a kiosk: the visitor scanned the wrong way round. */
export const venuePoster: QrFormatReader = {
  format: "bp-venue",
  owns: (text) => text.startsWith(VENUE_QR_PREFIX),
  read(text) {
    const code = parseVenueCode(text);
    const place = code.kind === "rotating" ? { id: toHex(code.locationId) } : {};
    return { kind: "poster", format: "bp-venue", place };
  },
};
