import { isOneStay, laterEnd } from "../radio/heard-stays.ts";
import { type VenueNumber, VISIT_EVIDENCE, type Visit } from "./visit.ts";

/** A session in which a person's own token was heard, its time known to within half an hour. */
export interface HeardSession {
  readonly venue: VenueNumber;
  readonly gate: number;
  /** When the first sighting was. */
  readonly earliest: number;
  readonly latest: number;
  /** Last sighting minus first, milliseconds. */
  readonly durationMs: number;
}

const RADIO = VISIT_EVIDENCE.indexOf("radio");

/**
 * Makes visits of the sessions of one person's token: checked in at the first sighting at a venue, out at the last, over all of its
 * gates. Nothing is claimed of the time before and after: a token is heard some metres around a kiosk.
 */
export function radioVisits(sessions: readonly HeardSession[]): readonly Visit[] {
  const ordered = [...sessions].sort(
    (left, right) =>
      left.venue - right.venue ||
      left.earliest - right.earliest ||
      left.latest - right.latest ||
      left.gate - right.gate ||
      left.durationMs - right.durationMs,
  );
  const visits: Visit[] = [];
  let lastHeard: HeardSession | null = null; // the session of the visit that ended last
  for (const session of ordered) {
    const last = visits.at(-1);
    if (last && lastHeard?.venue === session.venue && isOneStay(lastHeard, session)) {
      visits[visits.length - 1] = extend(last, session);
      lastHeard = laterEnd(lastHeard, session);
    } else {
      visits.push(visitOf(session));
      lastHeard = session;
    }
  }
  return visits;
}

function visitOf({ venue, gate, earliest, latest, durationMs }: HeardSession): Visit {
  return {
    venue,
    outerFrom: earliest,
    innerFrom: latest,
    innerTo: Math.max(latest, earliest + durationMs),
    outerTo: latest + durationMs,
    gateIn: gate,
    gateOut: gate,
    startEvidence: RADIO,
    endEvidence: RADIO,
    startReason: "explicit",
    endReason: "explicit",
    party: 0,
  };
}

function extend(visit: Visit, session: HeardSession): Visit {
  const outerTo = session.latest + session.durationMs;
  if (outerTo <= visit.outerTo) return visit;
  return {
    ...visit,
    innerTo: Math.max(visit.innerTo, session.earliest + session.durationMs),
    outerTo,
    gateOut: session.gate,
  };
}
