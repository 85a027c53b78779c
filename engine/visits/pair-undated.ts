import { EVIDENCE } from "../../protocol/checkin/record.ts";
import type { PolicyOf } from "./pair-visits.ts";
import type { VenueNumber } from "./visit.ts";

/** A check-in or check-out whose wall time is not known, or not to within half an hour. */
export interface UndatedEvent {
  readonly kind: "in" | "out";
  readonly venue: VenueNumber;
  readonly gate: number;
  readonly evidence: number;
  readonly party: number;
  /** Names the machine's run, within which `boottimeMs` orders events and measures between them. */
  readonly run: string;
  readonly boottimeMs: number;
  readonly earliest: number | null;
  /** At the latest when the row was stored. */
  readonly latest: number;
}

/**
 * A stay of which only the place is sure, within [earliest, latest]; `lengthMs` when both ends were scanned in one run of one machine.
 * An end that nobody scanned may be as far away as the place's longest stay.
 */
export interface UndatedVisit {
  readonly venue: VenueNumber;
  /** Null when nothing bounds it. */
  readonly earliest: number | null;
  readonly latest: number;
  readonly lengthMs: number | null;
  readonly gateIn: number | null;
  readonly gateOut: number | null;
  readonly startEvidence: number;
  readonly endEvidence: number;
  readonly party: number;
}

const INFERRED = EVIDENCE.indexOf("inferred");

/** Pairs one person's undated events within each run of each machine; an event without partner is a stay of its own. */
export function pairUndated(events: readonly UndatedEvent[], policyOf: PolicyOf): readonly UndatedVisit[] {
  const ordered = [...events].sort(byRun);
  const visits: UndatedVisit[] = [];
  let open: UndatedEvent | null = null;
  for (const event of ordered) {
    if (event.kind === "out" && open?.run === event.run && open.venue === event.venue) {
      visits.push(join(open, event));
      open = null;
      continue;
    }
    if (open) visits.push(notSeenToLeave(open, policyOf));
    open = event.kind === "in" ? event : null;
    if (!open) visits.push(notSeenToArrive(event, policyOf));
  }
  if (open) visits.push(notSeenToLeave(open, policyOf));
  return visits;
}

function byRun(left: UndatedEvent, right: UndatedEvent): number {
  if (left.run !== right.run) return left.run < right.run ? -1 : 1;
  return (
    left.venue - right.venue ||
    left.boottimeMs - right.boottimeMs ||
    (left.kind === right.kind ? 0 : left.kind === "in" ? -1 : 1) ||
    left.gate - right.gate ||
    left.evidence - right.evidence ||
    left.party - right.party ||
    (left.earliest ?? -1) - (right.earliest ?? -1) ||
    left.latest - right.latest
  );
}

function join(entered: UndatedEvent, left: UndatedEvent): UndatedVisit {
  return {
    venue: entered.venue,
    earliest: entered.earliest,
    latest: Math.max(left.latest, entered.earliest ?? 0), // a clock may have been set back in between
    lengthMs: left.boottimeMs - entered.boottimeMs,
    gateIn: entered.gate,
    gateOut: left.gate,
    startEvidence: entered.evidence,
    endEvidence: left.evidence,
    party: Math.max(entered.party, left.party),
  };
}

function notSeenToLeave(entered: UndatedEvent, policyOf: PolicyOf): UndatedVisit {
  const latest = entered.latest + policyOf(entered.venue).maxStayMs;
  return { ...join(entered, entered), latest, lengthMs: null, gateOut: null, endEvidence: INFERRED };
}

function notSeenToArrive(left: UndatedEvent, policyOf: PolicyOf): UndatedVisit {
  const earliest = left.earliest === null ? null : left.earliest - policyOf(left.venue).maxStayMs;
  return { ...join(left, left), earliest, lengthMs: null, gateIn: null, startEvidence: INFERRED };
}
