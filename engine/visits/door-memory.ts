import { HOUR_MS } from "../../protocol/units.ts";
import { nextLocalHour, type VenuePolicy } from "./venue-policy.ts";

/** How long a door remembers where somebody is: its setting by default, and the longest that may be set (kiosk/admission/policy.ts). */
const DOOR_MEMORY_MS = 16 * HOUR_MS;
const LONGEST_MEMORY_MS = 48 * HOUR_MS;

/** Whether a door may judge a scan by the one before it; it forgets a person after a while. */
export function mayRemember(policy: VenuePolicy, beforeMs: number, afterMs: number): boolean {
  return afterMs - beforeMs <= Math.min(LONGEST_MEMORY_MS, Math.max(DOOR_MEMORY_MS, policy.maxStayMs));
}

/** Whether the venue closed between two instants, as far as it closes at all. */
export function closesBetween(policy: VenuePolicy, fromMs: number, toMs: number): boolean {
  const hour = policy.closingHour ?? policy.assumedClosingHour;
  return hour !== null && nextLocalHour(fromMs, hour) <= toMs;
}
