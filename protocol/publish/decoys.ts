import type { CryptoPort } from "../crypto-port.ts";
import { DAY_MS, HOUR_MS, SITE_UTC_OFFSET_MS } from "../units.ts";
import { ENTRY_KEY_BYTES, ENTRY_KINDS, type EntryKind, type PublishedEntry } from "./published-file.ts";

/** Fewest entries of each kind that a file holds. */
export const LEAST_ENTRIES = 16;
const HOUR_INTERVALS = 6;
const DAY_INTERVALS = 144;
/** Decoys lie in the days from which cases are traced. */
const DECOY_DAYS = 14;
/** Hours of the day in which places are open. */
const FIRST_HOUR = 7;
const LAST_HOUR = 20;
const LONGEST_HOURS = 4;

/**
 * Fills each kind up with decoys to the next power of two, at least {@link LEAST_ENTRIES}: the length of a file tells its readers the
 * number of places with a case to within a factor of two and which they are only if they were there.
 */
export function withDecoys(
  crypto: CryptoPort,
  entries: readonly PublishedEntry[],
  nowMs: number,
): readonly PublishedEntry[] {
  return ENTRY_KINDS.flatMap((kind) => {
    const real = entries.filter((entry) => entry.kind === kind);
    const length = Math.max(LEAST_ENTRIES, 2 ** Math.ceil(Math.log2(real.length + 1)));
    const decoys = Array.from({ length: length - real.length }, () => decoy(crypto, kind, nowMs));
    return [...real, ...decoys];
  });
}

/** Rounds a stretch of time outwards to whole local hours, so that an entry tells no minutes. @returns intervals of ten minutes */
export function roundToHours(span: { readonly from: number; readonly to: number }): {
  readonly firstInterval: number;
  readonly intervals: number;
} {
  const first = Math.floor(span.from / HOUR_MS);
  const last = Math.max(first + 1, Math.ceil(span.to / HOUR_MS));
  return { firstInterval: first * HOUR_INTERVALS, intervals: (last - first) * HOUR_INTERVALS };
}

function decoy(crypto: CryptoPort, kind: EntryKind, nowMs: number): PublishedEntry {
  const [dayDraw = 0, hourDraw = 0, lengthDraw = 0] = crypto.randomBytes(3);
  const key = crypto.randomBytes(ENTRY_KEY_BYTES[kind]);
  const day = Math.floor((nowMs + SITE_UTC_OFFSET_MS) / DAY_MS) - 1 - (dayDraw % DECOY_DAYS);
  if (kind === "gaen" || kind === "bluezone") {
    return { kind, key, firstInterval: day * DAY_INTERVALS, intervals: DAY_INTERVALS }; // phones' days are UTC days
  }
  const hour = FIRST_HOUR + (hourDraw % (LAST_HOUR - FIRST_HOUR));
  const midnight = day * DAY_INTERVALS - (SITE_UTC_OFFSET_MS / HOUR_MS) * HOUR_INTERVALS;
  return {
    kind,
    key,
    firstInterval: midnight + hour * HOUR_INTERVALS,
    intervals: HOUR_INTERVALS * (1 + (lengthDraw % LONGEST_HOURS)),
  };
}
