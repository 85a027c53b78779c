import { EVIDENCE } from "../../protocol/checkin/record.ts";
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
  readonly latest: number | null;
}

/** A stay of which only the place is sure; `lengthMs` when both ends were scanned in one run of one machine. */
export interface UndatedVisit {
  readonly venue: VenueNumber;
  readonly earliest: number | null;
  readonly latest: number | null;
  readonly lengthMs: number | null;
  readonly gateIn: number | null;
  readonly gateOut: number | null;
  readonly startEvidence: number;
  readonly endEvidence: number;
  readonly party: number;
}

const INFERRED = EVIDENCE.indexOf("inferred");

/** Pairs one person's undated events within each run of each machine; an event without partner is a stay of its own. */
export function pairUndated(events: readonly UndatedEvent[]): readonly UndatedVisit[] {
  const ordered = [...events].sort(byRun);
  const visits: UndatedVisit[] = [];
  let open: UndatedEvent | null = null;
  for (const event of ordered) {
    const together: boolean = open !== null && open.run === event.run && open.venue === event.venue;
    if (event.kind === "out" && together) {
      visits.push(join(open, event));
      open = null;
      continue;
    }
    if (open) visits.push(join(open, null));
    open = event.kind === "in" ? event : null;
    if (!open) visits.push(join(null, event));
  }
  if (open) visits.push(join(open, null));
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
    (left.latest ?? -1) - (right.latest ?? -1)
  );
}

function join(entered: UndatedEvent | null, left: UndatedEvent | null): UndatedVisit {
  return {
    venue: (entered ?? left)?.venue ?? 0,
    earliest: entered ? entered.earliest : null,
    latest: left ? left.latest : null,
    lengthMs: entered && left ? left.boottimeMs - entered.boottimeMs : null,
    gateIn: entered?.gate ?? null,
    gateOut: left?.gate ?? null,
    startEvidence: entered?.evidence ?? INFERRED,
    endEvidence: left?.evidence ?? INFERRED,
    party: Math.max(entered?.party ?? 0, left?.party ?? 0),
  };
}
