import type { VenueId } from "../ids.ts";
import { parseVenueId } from "../ids.ts";

const DIGITS = "0123456789abcdefghjkmnpqrstvwxyz";

/** Packs the 8 Crockford base32 digits of a venue id into 5 bytes, first digit in the highest bits. */
export function packVenueId(venue: VenueId): Uint8Array {
  let value = 0n;
  for (const digit of venue) value = (value << 5n) | BigInt(DIGITS.indexOf(digit));
  return Uint8Array.from({ length: 5 }, (_, i) => Number((value >> BigInt(8 * (4 - i))) & 0xffn));
}

/** The inverse of {@link packVenueId}; `bytes` must be 5 long. */
export function unpackVenueId(bytes: Uint8Array): VenueId {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  let text = "";
  for (let i = 7; i >= 0; i -= 1) text += DIGITS[Number((value >> BigInt(5 * i)) & 31n)];
  return parseVenueId(text);
}
