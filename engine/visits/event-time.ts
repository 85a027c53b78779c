import type { ClockState } from "../../protocol/checkin/record.ts";
import { MINUTE_MS } from "../../protocol/units.ts";

/** A machine's monotonic clock may run away from true time by one part in this many: 100 ppm, a bad crystal in a hot box. */
const DRIFT_ONE_IN = 10_000;

/** Above this uncertainty an instant is "time unknown": listed, never counted in minutes. DESIGN section 6. */
export const UNKNOWN_ABOVE_MS = 30 * MINUTE_MS;

/** How far into the future of the engine's clock a row may claim to be before its clock is not believed. */
const FUTURE_TOLERANCE_MS = 5 * MINUTE_MS;

/** What one row says of its own time, all in milliseconds. */
export interface Stamp {
  readonly boottimeMs: number;
  readonly wallMs: number;
  readonly clock: ClockState;
  readonly uncertaintyMs: number;
  /** When the engine stored the row; nothing happens after it was stored. */
  readonly storedMs: number;
}

/** A true pair of boot time and wall clock found by one sync within a boot. */
export interface TimeAnchor {
  readonly boottimeMs: number;
  readonly wallMs: number;
  readonly uncertaintyMs: number;
}

/** When a row happened: within [earliest, latest]; both null when nothing is known. `unknown`: do not count minutes with it. */
export interface EventTime {
  readonly earliest: number | null;
  readonly latest: number | null;
  readonly unknown: boolean;
}

const NOTHING: EventTime = { earliest: null, latest: null, unknown: true };

/**
 * Whether something outside of the machine has set this clock in this run. A real-time clock (`rtc`) is not enough: every Pi 5 has one,
 * mostly without a battery, and then it shows when the machine last ran.
 */
export function isSynced(clock: ClockState): boolean {
  return clock === "ntp" || clock === "gateway";
}

/**
 * Finds when a row happened from the anchors of its boot, else from its own clock.
 *
 * The anchor with the least uncertainty at the row's boot time wins (its own plus 100 ppm of the distance; among equals the
 * nearest), so the answer depends on the set of anchors and not on their order. A row without an anchor whose clock was not
 * {@link isSynced}, or one from the future, has no time at all. Rows come by way of a gateway, which gives signed time to whoever
 * connects, so an anchor follows nearly always; only a run that ended before its kiosk met the gateway stays without.
 */
export function dateStamp(stamp: Stamp, anchors: readonly TimeAnchor[]): EventTime {
  const best = bestAnchor(stamp.boottimeMs, anchors);
  if (best) {
    const middle = best.wallMs + (stamp.boottimeMs - best.boottimeMs);
    return interval(middle, Math.ceil(doubtAt(best, stamp.boottimeMs) / DRIFT_ONE_IN), stamp.storedMs);
  }
  if (!isSynced(stamp.clock)) return NOTHING;
  return interval(stamp.wallMs, stamp.uncertaintyMs, stamp.storedMs);
}

/** The last instant at which a row of an unknown time can have happened: nothing happens after it was stored. */
export function latestPossible(latest: number | null, storedMs: number): number {
  return Math.min(latest ?? Number.POSITIVE_INFINITY, storedMs + FUTURE_TOLERANCE_MS);
}

function interval(middle: number, uncertainty: number, storedMs: number): EventTime {
  const earliest = Math.max(0, middle - uncertainty);
  if (earliest > storedMs + FUTURE_TOLERANCE_MS) return NOTHING;
  return { earliest, latest: middle + uncertainty, unknown: uncertainty > UNKNOWN_ABOVE_MS };
}

/** Uncertainty of an anchor at some boot time in 10,000ths of a millisecond: whole numbers, so that comparing is exact. */
function doubtAt(anchor: TimeAnchor, boottimeMs: number): number {
  return anchor.uncertaintyMs * DRIFT_ONE_IN + Math.abs(boottimeMs - anchor.boottimeMs);
}

function bestAnchor(boottimeMs: number, anchors: readonly TimeAnchor[]): TimeAnchor | null {
  let best: TimeAnchor | null = null;
  for (const anchor of anchors) if (!best || isBetter(anchor, best, boottimeMs)) best = anchor;
  return best;
}

function isBetter(left: TimeAnchor, right: TimeAnchor, boottimeMs: number): boolean {
  const order =
    doubtAt(left, boottimeMs) - doubtAt(right, boottimeMs) ||
    Math.abs(left.boottimeMs - boottimeMs) - Math.abs(right.boottimeMs - boottimeMs) ||
    left.boottimeMs - right.boottimeMs ||
    left.wallMs - right.wallMs;
  return order < 0;
}

/**
 * Boot times of the rows that a new anchor may date anew: up to the nearest anchor on each side that is no worse than the new
 * one at its own place, because beyond it that one is no worse either.
 *
 * @param anchors the other anchors of the same boot
 * @returns inclusive bounds
 */
export function reachOfAnchor(
  anchor: TimeAnchor,
  anchors: readonly TimeAnchor[],
): { readonly from: number; readonly to: number } {
  let from = 0;
  let to = Number.MAX_SAFE_INTEGER;
  for (const other of anchors) {
    if (doubtAt(other, other.boottimeMs) > doubtAt(anchor, other.boottimeMs)) continue;
    if (other.boottimeMs < anchor.boottimeMs) from = Math.max(from, other.boottimeMs);
    if (other.boottimeMs > anchor.boottimeMs) to = Math.min(to, other.boottimeMs);
  }
  return { from, to };
}
