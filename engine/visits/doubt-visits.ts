import { closesBetween, mayRemember } from "./door-memory.ts";
import type { LostStretch } from "./lost-stretches.ts";
import type { PolicyOf } from "./pair-visits.ts";
import type { VenuePolicy } from "./venue-policy.ts";
import type { Visit } from "./visit.ts";

/**
 * Takes the certain minutes of one person from every stay whose ins and outs may not be what the rows say:
 *
 * - within which rows of its venue were lost: the person may have left and come back in them;
 * - which begins while another is open, or after an `out` without its `in`: a door that had no link to another took a leaving for an
 *   arrival, or the other way round;
 * - which follows such a stay while a door still believes it, since each scan is then read as the opposite of what it was.
 *
 * For the same reason the person may have been there between two such stays: the earlier one is possible up to the later.
 */
export function doubtVisits(
  visits: readonly Visit[],
  stretches: readonly LostStretch[],
  policyOf: PolicyOf,
): readonly Visit[] {
  const told: Visit[] = [];
  let before: Visit | null = null;
  let isHeld = false; // what a door believes of the person may be wrong
  for (const visit of [...visits].sort(byVenueAndTime)) {
    const holds = before !== null && mayStillHold(before, visit, policyOf(visit.venue));
    const follows: boolean = holds && isHeld;
    const isMisread = holds && before !== null && breaksTheTurn(before, visit);
    const isDoubted: boolean =
      follows || isMisread || visit.scannedTwice === "in" || stretches.some((stretch) => isWithin(stretch, visit));
    const last = told.at(-1);
    if (last && follows && last.outerTo < visit.outerFrom)
      told[told.length - 1] = { ...last, outerTo: visit.outerFrom, endReason: "next_scan" };
    told.push(isDoubted ? { ...visit, innerTo: visit.innerFrom } : visit);
    before = visit;
    isHeld = isDoubted || visit.scannedTwice === "out";
  }
  return told;
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
  if (!mayRemember(policy, lastScan, firstScan)) return false;
  const staysOver = after.endReason === "explicit" && closesBetween(policy, firstScan, after.outerTo - 1);
  return !closesBetween(policy, lastScan, firstScan) || after.startReason !== "explicit" || staysOver;
}

/** A stay with an inferred end has no certain minutes to touch; then what is possible counts. */
function isWithin({ venue, fromMs, toMs }: LostStretch, visit: Visit): boolean {
  const { innerFrom, innerTo, outerFrom, outerTo } = visit;
  const [begin, end] = innerFrom < innerTo ? [innerFrom, innerTo] : [outerFrom, outerTo];
  return venue === visit.venue && fromMs < end && toMs > begin;
}
