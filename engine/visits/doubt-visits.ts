import { HOUR_MS } from "../../protocol/units.ts";
import type { LostStretch } from "./lost-stretches.ts";
import type { PolicyOf } from "./pair-visits.ts";
import { nextLocalHour, type VenuePolicy } from "./venue-policy.ts";
import type { Visit } from "./visit.ts";

/** How long a door remembers where somebody is: its setting by default, and the longest that may be set (kiosk/admission/policy.ts). */
const DOOR_MEMORY_MS = 16 * HOUR_MS;
const LONGEST_MEMORY_MS = 48 * HOUR_MS;

/**
 * Takes the certain minutes of one person from every stay whose ins and outs may not be what the rows say:
 *
 * - within which rows of its venue were lost: the person may have left and come back in them;
 * - which begins while another is open, or after an `out` without its `in`: a door that had no link to another took a leaving for an
 *   arrival, or the other way round;
 * - which follows such a stay while a door still believes it, since each scan is then read as the opposite of what it was.
 *
 * What is possible stays as it is.
 */
export function doubtVisits(
  visits: readonly Visit[],
  stretches: readonly LostStretch[],
  policyOf: PolicyOf,
): readonly Visit[] {
  let doubted: Visit | null = null;
  let before: Visit | null = null;
  return [...visits].sort(byVenueAndTime).map((visit) => {
    const policy = policyOf(visit.venue);
    const isMisread = before !== null && breaksTheTurn(before, visit) && mayStillHold(before, visit, policy);
    const follows = doubted !== null && mayStillHold(doubted, visit, policy);
    before = visit;
    if (!isMisread && !follows && !stretches.some((stretch) => isWithin(stretch, visit))) return visit;
    doubted = visit;
    return { ...visit, innerTo: visit.innerFrom };
  });
}

function byVenueAndTime(left: Visit, right: Visit): number {
  return left.venue - right.venue || left.outerFrom - right.outerFrom || left.outerTo - right.outerTo;
}

/** Whether two scans of one direction follow each other: in and in, or out and out. */
function breaksTheTurn(before: Visit, after: Visit): boolean {
  const endedBy = before.endReason === "explicit" ? "out" : "in";
  const beganBy = after.startReason === "explicit" ? "in" : "out";
  return endedBy === beganBy;
}

/**
 * Whether a door may read a scan by what it took from an earlier visit. Not when it has forgotten it; nor when somebody comes in after
 * the venue had closed, and leaves before it does: so it is when all is right.
 */
function mayStillHold(before: Visit, after: Visit, policy: VenuePolicy): boolean {
  if (before.venue !== after.venue) return false;
  const lastScan = before.endReason === "explicit" ? before.outerTo : before.innerFrom;
  const firstScan = after.startReason === "explicit" ? after.outerFrom : after.innerTo;
  const memory = Math.min(LONGEST_MEMORY_MS, Math.max(DOOR_MEMORY_MS, policy.maxStayMs));
  if (firstScan - lastScan > memory) return false;
  const hour = policy.closingHour ?? policy.assumedClosingHour;
  if (hour === null) return true;
  const hasClosed = nextLocalHour(lastScan, hour) <= firstScan;
  const staysOver = after.endReason === "explicit" && nextLocalHour(firstScan, hour) < after.outerTo;
  return !hasClosed || after.startReason !== "explicit" || staysOver;
}

/** A stay with an inferred end has no certain minutes to touch; then what is possible counts. */
function isWithin({ venue, fromMs, toMs }: LostStretch, visit: Visit): boolean {
  const { innerFrom, innerTo, outerFrom, outerTo } = visit;
  const [begin, end] = innerFrom < innerTo ? [innerFrom, innerTo] : [outerFrom, outerTo];
  return venue === visit.venue && fromMs < end && toMs > begin;
}
