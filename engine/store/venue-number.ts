import { packVenueId, unpackVenueId } from "../../protocol/checkin/venue-bytes.ts";
import type { VenueId } from "../../protocol/ids.ts";
import type { VenueNumber } from "../visits/visit.ts";

const known = new Map<VenueId, VenueNumber>();
const MAX_KNOWN = 65_536;

/** The 40-bit number that a venue id is; remembers what it computed, a door asks for its own again and again. */
export function venueNumber(venue: VenueId): VenueNumber {
  const found = known.get(venue);
  if (found !== undefined) return found;
  const number = packVenueId(venue).reduce((value, byte) => value * 256 + byte, 0);
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(venue, number);
  return number;
}

/** The inverse of {@link venueNumber}. */
export function venueIdOf(venue: VenueNumber): VenueId {
  return unpackVenueId(Uint8Array.from({ length: 5 }, (_, i) => Math.floor(venue / 256 ** (4 - i)) % 256));
}
