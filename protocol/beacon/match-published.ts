import { toHex } from "../bytes.ts";
import type { CryptoPort } from "../crypto-port.ts";
import type { PublishedEntry, PublishedFile } from "../publish/published-file.ts";
import { temporaryLocationId } from "../qr/clea.ts";
import { publishedPosterId } from "../qr/venue-qr.ts";
import { siteDay, type WallMs } from "../units.ts";
import { beaconId, ROTATION_MS, rotationInterval } from "./rotating-id.ts";

/** How far the clock of a phone may be off when it does not say. */
export const PHONE_UNCERTAINTY_MS = 120_000;

/** What a phone remembers of a place: the code on a screen or a poster that it scanned, or a beacon that it heard. It never leaves the phone. */
export type PhoneSighting = {
  readonly atMs: number;
  /** How far the phone's clock may be off, milliseconds; {@link PHONE_UNCERTAINTY_MS} by default. */
  readonly uncertaintyMs?: number;
} & (
  | { readonly kind: "screen" /** 16 bytes. */; readonly locationId: Uint8Array }
  | { readonly kind: "poster" /** 16 bytes. */; readonly seed: Uint8Array }
  | { readonly kind: "beacon" /** 16 bytes. */; readonly id: Uint8Array }
);

/** A sighting at a place and time of a case. */
export interface PublishedMatch {
  readonly sighting: PhoneSighting;
  readonly entry: PublishedEntry;
  /** Number of the file that the entry stands in. */
  readonly file: number;
}

/**
 * Finds, on the phone itself, which of its sightings were at a place and time that was published. A phone that scanned the screen and
 * one that heard the beacon find the same entry; an instant within the clock's uncertainty of a border counts on both sides.
 *
 * Pure, and slow by one HMAC for every ten minutes published; a file of 64 places costs about 2,000.
 */
export function matchPublished(
  crypto: CryptoPort,
  files: readonly PublishedFile[],
  sightings: readonly PhoneSighting[],
): readonly PublishedMatch[] {
  const memory = remember(crypto, sightings);
  return files.flatMap((file) =>
    file.entries.flatMap((entry) =>
      found(crypto, entry, memory).map((sighting) => ({ sighting, entry, file: file.number })),
    ),
  );
}

/** Sightings by what identifies them, in hex; a name may be found several times. */
interface Memory {
  readonly screens: ReadonlyMap<string, readonly PhoneSighting[]>;
  readonly posters: ReadonlyMap<string, readonly PhoneSighting[]>;
  readonly beacons: ReadonlyMap<string, readonly PhoneSighting[]>;
  /** The greatest uncertainty of any of them. */
  readonly widestMs: number;
}

function remember(crypto: CryptoPort, sightings: readonly PhoneSighting[]): Memory {
  const screens = new Map<string, PhoneSighting[]>();
  const posters = new Map<string, PhoneSighting[]>();
  const beacons = new Map<string, PhoneSighting[]>();
  for (const sighting of sightings) {
    if (sighting.kind === "screen") add(screens, toHex(sighting.locationId), sighting);
    else if (sighting.kind === "beacon") add(beacons, toHex(sighting.id), sighting);
    else for (const id of posterIds(crypto, sighting)) add(posters, id, sighting);
  }
  const widestMs = Math.max(0, ...sightings.map(({ uncertaintyMs = PHONE_UNCERTAINTY_MS }) => uncertaintyMs));
  return { screens, posters, beacons, widestMs };
}

function add(map: Map<string, PhoneSighting[]>, name: string, sighting: PhoneSighting): void {
  const known = map.get(name);
  if (known) known.push(sighting);
  else map.set(name, [sighting]);
}

/** Ids of a poster on the site days that the sighting may have been on: two within the uncertainty of a turnover. */
function posterIds(crypto: CryptoPort, sighting: PhoneSighting & { readonly kind: "poster" }): readonly string[] {
  const doubt = sighting.uncertaintyMs ?? PHONE_UNCERTAINTY_MS;
  const days = new Set([sighting.atMs - doubt, sighting.atMs + doubt].map((at) => siteDay(at as WallMs)));
  return [...days].map((day) => toHex(publishedPosterId(crypto, sighting.seed, day)));
}

function found(crypto: CryptoPort, entry: PublishedEntry, memory: Memory): readonly PhoneSighting[] {
  switch (entry.kind) {
    case "poster":
      return (memory.posters.get(toHex(entry.key)) ?? []).filter((sighting) => isWithin(sighting, entry));
    case "venue": {
      const screens = memory.screens.get(toHex(temporaryLocationId(crypto, entry.key))) ?? [];
      return [...screens.filter((sighting) => isWithin(sighting, entry)), ...heard(crypto, entry, memory)];
    }
    case "gaen":
    case "bluezone":
      return []; // for phones that hear each other; a phone of ours remembers places
  }
}

/** Beacons heard when their identifier was due: one that was replayed later is no sighting. */
function heard(crypto: CryptoPort, entry: PublishedEntry, { beacons, widestMs }: Memory): readonly PhoneSighting[] {
  if (beacons.size === 0) return [];
  const matches: PhoneSighting[] = [];
  const beyond = Math.ceil(widestMs / ROTATION_MS);
  const last = entry.firstInterval + entry.intervals - 1 + beyond;
  for (let interval = entry.firstInterval - beyond; interval <= last; interval += 1) {
    const known = beacons.get(toHex(beaconId(crypto, entry.key, interval))) ?? [];
    const due = { firstInterval: interval, intervals: 1 };
    matches.push(...known.filter((sighting) => isWithin(sighting, due) && isWithin(sighting, entry)));
  }
  return matches;
}

function isWithin(
  { atMs, uncertaintyMs = PHONE_UNCERTAINTY_MS }: PhoneSighting,
  { firstInterval, intervals }: Pick<PublishedEntry, "firstInterval" | "intervals">,
): boolean {
  const from = rotationInterval(atMs - uncertaintyMs);
  const to = rotationInterval(atMs + uncertaintyMs);
  return to >= firstInterval && from < firstInterval + intervals;
}

/** Milliseconds since 1970 at which an entry begins to count. */
export function entryStartMs(entry: PublishedEntry): number {
  return entry.firstInterval * ROTATION_MS;
}
