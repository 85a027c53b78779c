declare const unit: unique symbol;
type Unit<Name extends string> = number & { readonly [unit]: Name };

/** Instant of the wall clock: milliseconds since 1970-01-01T00:00:00Z. May jump. */
export type WallMs = Unit<"wall-ms">;

/** Instant of one boot: milliseconds since the machine started, never steps back within that boot (CLOCK_BOOTTIME). */
export type BoottimeMs = Unit<"boottime-ms">;

/** Received signal strength or transmit power, decibel milliwatts, in [-127, 20]. */
export type Dbm = Unit<"dbm">;

/** Length in metres, zero or more. */
export type Meters = Unit<"meters">;

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

/** Vietnam's offset from UTC; the country has no daylight saving time. */
export const SITE_UTC_OFFSET_MS = 7 * HOUR_MS;

/** Local hour at which a site's day turns over: keys advance and the rotating venue period changes. */
export const TURNOVER_HOUR = 4;

/**
 * Numbers the site day that an instant falls in: days since 1970-01-01 in Vietnam's time, turning at 04:00.
 *
 * @param atMs wall clock, trusted
 */
export function siteDay(atMs: WallMs): number {
  return Math.floor((atMs + SITE_UTC_OFFSET_MS - TURNOVER_HOUR * HOUR_MS) / DAY_MS);
}

/** First instant of a site day: 04:00 in Vietnam. */
export function siteDayStart(day: number): WallMs {
  return (day * DAY_MS + TURNOVER_HOUR * HOUR_MS - SITE_UTC_OFFSET_MS) as WallMs;
}
