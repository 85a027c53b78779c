import { EVIDENCE } from "../../protocol/checkin/record.ts";
import { MINUTE_MS } from "../../protocol/units.ts";
import { closesBetween, mayRemember } from "./door-memory.ts";
import { nextLocalHour, type VenuePolicy } from "./venue-policy.ts";
import type { EndReason, StartReason, VenueNumber, Visit, VisitEvent } from "./visit.ts";

/** Two scans of one direction within this time are one passing of a person: two doors without a link, a second code. */
export const SAME_PASSING_MS = 5 * MINUTE_MS;

const INFERRED = EVIDENCE.indexOf("inferred");

/** Finds how stays at a venue end by themselves. */
export type PolicyOf = (venue: VenueNumber) => VenuePolicy;

/**
 * Pairs one person's check-ins and check-outs to visits. The answer depends on the set of events only, not on their order.
 *
 * Within a venue an `in` pairs with the next `out` if that is not farther than the venue type's longest stay. A missing end is
 * inferred, with its reason: an `in` without `out` ends at the next check-in elsewhere, else at the venue's closing hour, else after
 * the type's default stay; an `out` without `in` starts a default stay before, but not before the scan before it. Two of one kind that a
 * door wrote with the first still in mind may be the two ends of one stay, one of them misread: it then reaches from one to the other.
 */
export function pairVisits(events: readonly VisitEvent[], policyOf: PolicyOf): readonly Visit[] {
  const ordered = [...events].sort(byTime);
  const venues = new Set(ordered.map(({ venue }) => venue));
  return [...venues].flatMap((venue) => {
    const own = ordered.filter((event) => event.venue === venue);
    const others = ordered.filter((event) => event.venue !== venue);
    return new VenuePairing(own, others, policyOf(venue)).run();
  });
}

function middle(event: VisitEvent): number {
  return event.earliest + event.latest;
}

/** By time; at the same instant an `in` comes first, so that it can pair with its `out`. Doubled middles avoid halves. */
function byTime(left: VisitEvent, right: VisitEvent): number {
  return (
    middle(left) - middle(right) ||
    (left.kind === right.kind ? 0 : left.kind === "in" ? -1 : 1) ||
    left.venue - right.venue ||
    left.earliest - right.earliest ||
    left.gate - right.gate ||
    left.evidence - right.evidence ||
    left.party - right.party
  );
}

function apartMs(earlier: VisitEvent, later: VisitEvent): number {
  return (middle(later) - middle(earlier)) / 2;
}

/** A check-in that is not paired yet. */
interface Entered extends VisitEvent {
  readonly isTwice?: boolean;
}

/** The state machine of one person at one venue: at most one visit is open. */
class VenuePairing {
  readonly #own: readonly VisitEvent[];
  readonly #others: readonly VisitEvent[];
  readonly #policy: VenuePolicy;
  readonly #visits: Visit[] = [];
  #open: Entered | null = null;
  #lastOut: VisitEvent | null = null;

  constructor(own: readonly VisitEvent[], others: readonly VisitEvent[], policy: VenuePolicy) {
    this.#own = own;
    this.#others = others;
    this.#policy = policy;
  }

  run(): readonly Visit[] {
    for (const event of this.#own) {
      if (event.kind === "in") this.#enter(event);
      else this.#leave(event);
    }
    if (this.#open) this.#forget(this.#open, null);
    return this.#visits;
  }

  #enter(event: VisitEvent): void {
    const open = this.#open;
    if (open && apartMs(open, event) <= SAME_PASSING_MS) {
      this.#open = arrivedBy(open, event);
      return;
    }
    if (open) this.#forget(open, event);
    this.#open = event;
  }

  #leave(event: VisitEvent): void {
    const open = this.#open;
    this.#open = null;
    if (open && apartMs(open, event) <= this.#policy.maxStayMs) this.#visits.push(paired(open, event));
    else if (open) {
      this.#forget(open, event);
      this.#visits.push(this.#arrivedUnseen(event, open));
    } else if (this.#lastOut && apartMs(this.#lastOut, event) <= SAME_PASSING_MS) {
      const last = this.#visits.pop();
      if (last) this.#visits.push(leftBy(last, event));
    } else this.#visits.push(this.#arrivedUnseen(event, this.#lastOut));
    this.#lastOut = event;
  }

  /** An `in` whose `out` nobody scanned; `next` is the next scan at this venue. */
  #forget(entered: Entered, next: VisitEvent | null): void {
    const { to, reason } = this.#inferEnd(entered);
    const cut = next !== null && (next.latest < to || this.#mayBeItsOther(entered, next));
    this.#visits.push({
      ...endsOf(entered, null),
      outerFrom: entered.earliest,
      innerFrom: entered.latest,
      innerTo: entered.latest,
      outerTo: Math.max(entered.latest, cut ? next.latest : to),
      startReason: "explicit",
      endReason: cut ? "next_scan" : reason,
    });
  }

  /** Whether two scans of one kind may be the two ends of one stay: a door with a link to the other would have written them so. */
  #mayBeItsOther(first: VisitEvent, second: VisitEvent): boolean {
    if (first.kind !== second.kind || !mayRemember(this.#policy, first.latest, second.earliest)) return false;
    if (closesBetween(this.#policy, first.latest, second.earliest)) return false;
    return !this.#others.some((event) => middle(event) > middle(first) && middle(event) < middle(second));
  }

  #inferEnd(entered: VisitEvent): { readonly to: number; readonly reason: EndReason } {
    const { defaultStayMs, maxStayMs, closingHour, assumedClosingHour } = this.#policy;
    const hour = closingHour ?? assumedClosingHour;
    const closing = hour === null ? Number.POSITIVE_INFINITY : nextLocalHour(entered.latest, hour);
    const bound = Math.min(closing, entered.latest + maxStayMs);
    const elsewhere = this.#others.find((event) => event.kind === "in" && middle(event) > middle(entered));
    if (elsewhere && elsewhere.latest <= bound) return { to: elsewhere.latest, reason: "next_venue" };
    if (closingHour !== null && closing <= bound) return { to: closing, reason: "closing_hour" };
    const stayed = entered.latest + defaultStayMs;
    return stayed > bound ? { to: bound, reason: "closing_hour" } : { to: stayed, reason: "default_stay" };
  }

  /** An `out` whose `in` nobody scanned; `before` is the scan before it at this venue. */
  #arrivedUnseen(left: VisitEvent, before: VisitEvent | null): Visit {
    const elsewhere = this.#others.findLast((event) => middle(event) < middle(left));
    const seen = Math.max(before?.earliest ?? 0, elsewhere?.earliest ?? 0);
    const reaches = before !== null && this.#mayBeItsOther(before, left);
    const stayed = reaches ? before.earliest : left.earliest - this.#policy.defaultStayMs;
    const startReason: StartReason = seen >= stayed ? "previous_scan" : "default_stay";
    return {
      ...endsOf(null, left),
      outerFrom: Math.max(0, Math.min(left.earliest, Math.max(seen, stayed))),
      innerFrom: left.earliest,
      innerTo: left.earliest,
      outerTo: left.latest,
      startReason,
      endReason: "explicit",
    };
  }
}

function paired(entered: Entered, left: VisitEvent): Visit {
  return {
    ...endsOf(entered, left),
    outerFrom: Math.min(entered.earliest, left.earliest),
    innerFrom: entered.latest,
    innerTo: Math.max(entered.latest, left.earliest),
    outerTo: Math.max(entered.latest, left.latest),
    startReason: "explicit",
    endReason: "explicit",
  };
}

/** One arrival that was scanned twice: whoever came did so at the earlier of the two instants, whichever that is. */
function arrivedBy(first: Entered, second: VisitEvent): Entered {
  return {
    ...first,
    isTwice: true,
    earliest: Math.min(first.earliest, second.earliest),
    latest: Math.min(first.latest, second.latest),
    party: Math.max(first.party, second.party),
  };
}

/** One leaving that was scanned twice: possibly at the later of the two instants, and certainly not before the earlier. */
function leftBy(visit: Visit, { latest }: VisitEvent): Visit {
  return { ...visit, outerTo: Math.max(visit.outerTo, latest), scannedTwice: visit.scannedTwice ?? "out" };
}

function endsOf(
  entered: Entered | null,
  left: VisitEvent | null,
): Pick<Visit, "venue" | "gateIn" | "gateOut" | "startEvidence" | "endEvidence" | "party" | "scannedTwice"> {
  return {
    ...(entered?.isTwice && { scannedTwice: "in" as const }),
    venue: (entered ?? left)?.venue ?? 0,
    gateIn: entered?.gate ?? null,
    gateOut: left?.gate ?? null,
    startEvidence: entered?.evidence ?? INFERRED,
    endEvidence: left?.evidence ?? INFERRED,
    party: Math.max(entered?.party ?? 0, left?.party ?? 0),
  };
}
