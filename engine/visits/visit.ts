import { EVIDENCE } from "../../protocol/checkin/record.ts";
import { HOUR_MS } from "../../protocol/units.ts";

/** Longest slice of a visit: bounds the range scan of matching. DESIGN section 3, constants. */
export const MAX_SLICE_MS = 12 * HOUR_MS;

/**
 * How an end of a stay is known: as the door saw it, because a kiosk heard the person's own token or phone, or because a case's phone
 * scanned the screen. The position is the
 * number in the store; it is no order of strength.
 */
export const VISIT_EVIDENCE = [...EVIDENCE, "radio", "claim"] as const;
export type VisitEvidence = (typeof VISIT_EVIDENCE)[number];

/** How the start of a visit is known. The position is the number in the store. */
export const START_REASONS = ["explicit", "previous_scan", "default_stay"] as const;
export type StartReason = (typeof START_REASONS)[number];

/** How the end of a visit is known, strongest first. The position is the number in the store. */
export const END_REASONS = ["explicit", "next_venue", "next_scan", "closing_hour", "default_stay"] as const;
export type EndReason = (typeof END_REASONS)[number];

/** A venue id as the 40-bit number that its 8 base32 digits are. */
export type VenueNumber = number;

/** One check-in or check-out whose time is known to within half an hour. */
export interface VisitEvent {
  readonly kind: "in" | "out";
  readonly venue: VenueNumber;
  readonly gate: number;
  readonly earliest: number;
  readonly latest: number;
  /** Position in EVIDENCE of protocol/checkin/record.ts. */
  readonly evidence: number;
  readonly party: number;
}

/**
 * A stay of one person at one venue. The person was there for certain from `innerFrom` to `innerTo` (nothing when that is not
 * after) and may have been from `outerFrom` to `outerTo`. An inferred end is never certain: the inner interval stops at the scan. Nor is
 * a stay whose ins and outs may be swapped: see doubt-visits.ts.
 */
export interface Visit {
  readonly venue: VenueNumber;
  readonly outerFrom: number;
  readonly innerFrom: number;
  readonly innerTo: number;
  readonly outerTo: number;
  readonly gateIn: number | null;
  readonly gateOut: number | null;
  /** Positions in VISIT_EVIDENCE; an inferred end has that of `inferred`. */
  readonly startEvidence: number;
  readonly endEvidence: number;
  readonly startReason: StartReason;
  readonly endReason: EndReason;
  readonly party: number;
  /** One of its ends was scanned twice in one direction, so that what follows may be swapped; see doubt-visits.ts. */
  readonly scannedTwice?: "in" | "out";
}

/** A part of a visit, at most {@link MAX_SLICE_MS} long; `visitFrom` is the visit's own `outerFrom`. */
export interface VisitSlice extends Visit {
  readonly visitFrom: number;
}

/** Cuts a visit into consecutive slices; a short one is its own only slice. */
export function sliceVisit(visit: Visit): readonly VisitSlice[] {
  const slices: VisitSlice[] = [];
  let from = visit.outerFrom;
  do {
    const to = Math.min(visit.outerTo, from + MAX_SLICE_MS);
    const innerFrom = Math.min(Math.max(visit.innerFrom, from), to);
    slices.push({
      ...visit,
      visitFrom: visit.outerFrom,
      outerFrom: from,
      innerFrom,
      innerTo: Math.max(innerFrom, Math.min(visit.innerTo, to)),
      outerTo: to,
    });
    from = to;
  } while (from < visit.outerTo);
  return slices;
}
