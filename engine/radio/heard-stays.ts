import { MINUTE_MS } from "../../protocol/units.ts";
import type { StoredSession } from "../store/presence.ts";
import type { VenueNumber } from "../visits/visit.ts";

/** Sessions of one sender this far apart belong to one stay: a kiosk with one adapter listens for seconds in each five minutes. */
export const SAME_STAY_MS = 20 * MINUTE_MS;

/** When a session was, as far as it is known: the first sighting within [earliest, latest]. */
export interface SessionTime {
  readonly earliest: number;
  readonly latest: number;
  readonly durationMs: number;
}

/**
 * Whether the silence between two sessions is short enough to be part of one stay. Its length is that between the middles of what is
 * possible: the doubt about a kiosk's clock is the same in both, so it is neither added to the silence nor taken off.
 */
export function isOneStay(earlier: SessionTime, later: SessionTime): boolean {
  const silenceMs = (later.earliest + later.latest - earlier.earliest - earlier.latest) / 2 - earlier.durationMs;
  return silenceMs <= SAME_STAY_MS;
}

/** Of two sessions the one that ended last; what comes after both is as far from that. */
export function laterEnd<Session extends SessionTime>(left: Session, right: Session): Session {
  const end = ({ earliest, latest, durationMs }: Session): number => (earliest + latest) / 2 + durationMs;
  return end(right) > end(left) ? right : left;
}

/** What was heard of one sender at one gate without a long gap. Identifiers change within it. */
export interface HeardStay {
  readonly venue: VenueNumber;
  readonly gate: number;
  /** The first sighting was within [outerFrom, innerFrom], the last within [innerTo, outerTo]; meaningless when `unknown`. */
  readonly outerFrom: number;
  readonly innerFrom: number;
  readonly innerTo: number;
  readonly outerTo: number;
  /** Its time is not known to within half an hour. */
  readonly unknown: boolean;
  /** Milliseconds for which it was heard, as far as one machine's run can tell. */
  readonly heardMs: number;
  /** Sightings, strongest and mean signal of all of them, dBm. */
  readonly n: number;
  readonly rssiMax: number;
  readonly rssiMean: number;
  /** Power at which it says that it sent, dBm; null when it does not. */
  readonly txPower: number | null;
  readonly schemes: readonly string[];
}

/** Joins the sessions of one sender to stays, by gate and in order of time; those without a time stay alone. */
export function foldStays(sessions: readonly StoredSession[]): readonly HeardStay[] {
  const ordered = [...sessions].sort(
    (left, right) =>
      left.venue - right.venue ||
      left.gate - right.gate ||
      (left.earliest ?? 0) - (right.earliest ?? 0) ||
      left.id - right.id,
  );
  const stays: HeardStay[] = [];
  let lastHeard: SessionTime | null = null; // the session of the stay that ended last
  for (const session of ordered) {
    const stay = stayOf(session);
    const time = timeOf(session);
    const last = stays.at(-1);
    if (last && lastHeard && areOfOneGate(last, stay) && isOneStay(lastHeard, time)) {
      stays[stays.length - 1] = join(last, stay);
      lastHeard = laterEnd(lastHeard, time);
    } else {
      stays.push(stay);
      lastHeard = time;
    }
  }
  return stays.sort((left, right) => left.outerFrom - right.outerFrom || left.venue - right.venue);
}

function stayOf(session: StoredSession): HeardStay {
  const { venue, gate, earliest, latest, durationMs, n, rssiMax, rssiMean, txPower, scheme } = session;
  const unknown = session.unknown || earliest === null || latest === null;
  const [from, to] = [earliest ?? 0, latest ?? 0];
  return {
    venue,
    gate,
    outerFrom: from,
    innerFrom: to,
    innerTo: Math.max(to, from + durationMs),
    outerTo: to + durationMs,
    unknown,
    heardMs: durationMs,
    n,
    rssiMax,
    rssiMean,
    txPower,
    schemes: [scheme],
  };
}

function timeOf({ earliest, latest, durationMs }: StoredSession): SessionTime {
  return { earliest: earliest ?? 0, latest: latest ?? 0, durationMs };
}

function areOfOneGate(last: HeardStay, next: HeardStay): boolean {
  return !last.unknown && !next.unknown && last.venue === next.venue && last.gate === next.gate;
}

function join(last: HeardStay, next: HeardStay): HeardStay {
  const n = last.n + next.n;
  const innerTo = Math.max(last.innerTo, next.innerTo);
  return {
    ...last,
    innerTo,
    outerTo: Math.max(last.outerTo, next.outerTo),
    heardMs: Math.max(0, innerTo - last.innerFrom),
    n,
    rssiMax: Math.max(last.rssiMax, next.rssiMax),
    rssiMean: Math.round((last.rssiMean * last.n + next.rssiMean * next.n) / n),
    txPower: last.txPower ?? next.txPower,
    schemes: [...new Set([...last.schemes, ...next.schemes])].sort(),
  };
}
