import { ROTATION_MS } from "../../protocol/beacon/rotating-id.ts";
import type { RadioScheme } from "../../protocol/checkin/presence.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import { roundToHours } from "../../protocol/publish/decoys.ts";
import { MAX_ENTRY_INTERVALS, type PublishedEntry } from "../../protocol/publish/published-file.ts";
import { publishedPosterId } from "../../protocol/qr/venue-qr.ts";
import { siteDay, siteDayStart, type WallMs } from "../../protocol/units.ts";
import type { Sql } from "../../runtime/sqlite/database.ts";
import type { SoughtKey } from "../cases/check-key-item.ts";
import type { SecretBox } from "../keys/secret-box.ts";
import { posterSeeds } from "../store/posters.ts";
import { venueKeysIn } from "../store/venue-keys.ts";
import type { VenueNumber } from "../visits/visit.ts";

/** A place and time of a case. */
export interface CasePlace {
  readonly venue: VenueNumber;
  readonly from: number;
  readonly to: number;
}

/** What there is to publish of one place: an entry for each kiosk's key and each poster. */
export async function placeEntries(
  sql: Sql,
  parts: { readonly crypto: CryptoPort; readonly box: SecretBox },
  place: CasePlace,
): Promise<readonly PublishedEntry[]> {
  const seeds = await posterSeeds(sql, parts.box, place.venue);
  const entries: PublishedEntry[] = [];
  for (const part of byDay(place)) {
    const stretch = cut(roundToHours(part));
    const keys = await venueKeysIn(sql, parts.box, { venue: place.venue, ...part });
    entries.push(...keys.map((key) => ({ kind: "venue" as const, key, ...stretch })));
    const day = siteDay(part.from as WallMs);
    entries.push(
      ...seeds.map((seed) => ({
        kind: "poster" as const,
        key: publishedPosterId(parts.crypto, seed, day),
        ...stretch,
      })),
    );
  }
  return entries;
}

/** Parts of a stay by site day, since every key is one day's. */
function byDay({ from, to }: CasePlace): readonly { readonly from: number; readonly to: number }[] {
  const parts: { from: number; to: number }[] = [];
  let start = from;
  for (let day = siteDay(from as WallMs); day <= siteDay(to as WallMs); day += 1) {
    const end = Math.min(to, siteDayStart(day + 1));
    parts.push({ from: start, to: end });
    start = end;
  }
  return parts;
}

function cut(stretch: ReturnType<typeof roundToHours>): ReturnType<typeof roundToHours> {
  return { ...stretch, intervals: Math.min(stretch.intervals, MAX_ENTRY_INTERVALS) };
}

const PUBLISHED_SCHEMES: readonly RadioScheme[] = ["gaen", "bluezone"];

/** Keys of a case whose owner agreed to their publication. A token's seed never is: it would give its wearer away for good. */
export function keyEntries(keys: readonly SoughtKey[]): readonly PublishedEntry[] {
  return keys
    .filter(({ publish, scheme }) => publish && PUBLISHED_SCHEMES.includes(scheme))
    .map(({ scheme, key, validFrom, validTo }) => ({
      kind: scheme as "gaen" | "bluezone",
      key,
      firstInterval: Math.floor(validFrom / ROTATION_MS),
      intervals: Math.ceil((validTo - validFrom) / ROTATION_MS),
    }));
}
