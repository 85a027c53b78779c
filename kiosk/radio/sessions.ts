import { toHex } from "../../protocol/bytes.ts";
import type { RadioScheme } from "../../protocol/checkin/presence.ts";
import type { BoottimeMs, Dbm } from "../../protocol/units.ts";
import type { PresenceGates } from "./settings.ts";

/** One or more sightings of one identifier. */
export interface IdentifierSighting {
  readonly scheme: RadioScheme;
  readonly id: Uint8Array;
  readonly firstMs: BoottimeMs;
  readonly lastMs: BoottimeMs;
  readonly n: number;
  readonly rssiMax: Dbm;
  readonly rssiMean: Dbm;
  readonly txPower: Dbm | null;
  readonly metadata: Uint8Array | null;
}

/** A session that has ended and that passed the gates. The same fields, over all of its sightings. */
export type FinishedSession = IdentifierSighting;

interface OpenSession {
  readonly opened: IdentifierSighting;
  lastMs: number;
  n: number;
  rssiMax: number;
  /** Sum of the means, each as often as it counts. */
  rssiSum: number;
  /** It goes on from a session that was cut for its length, so its own length says nothing about a passer-by. */
  readonly continues: boolean;
}

export interface SessionTableOptions {
  readonly gates: PresenceGates;
  /** Silence after which a session has ended, milliseconds. */
  readonly gapMs: number;
  /** Sessions open at once; default 2,000. */
  readonly maxOpen?: number;
}

/** What a table has counted since its start. */
export interface SessionCounts {
  readonly open: number;
  /** Sessions that passed the gates. */
  readonly finished: number;
  /** Sessions too short or too weak. */
  readonly passersBy: number;
  /** Identifiers that found no room, or lost it before they had stayed. */
  readonly overflow: number;
}

const MAX_OPEN = 2_000;
/** No sender of ours keeps an identifier for longer; a session is cut here so that memory holds little and the engine hears in time. */
const MAX_SESSION_MS = 1_800_000;
/** Places that are looked at when the table is full. */
const LOOK_FOR_ROOM = 64;

/**
 * Folds sightings into sessions by identifier. The table holds identifiers in memory only; what ends too short or too weak is
 * forgotten. Full of one-off identifiers (a passing crowd, or somebody who floods it) it gives up the longest silent of them.
 */
export class SessionTable {
  readonly #options: Required<SessionTableOptions>;
  /** In order of the last sighting. */
  readonly #open = new Map<string, OpenSession>();
  #finished: FinishedSession[] = [];
  #counts = { finished: 0, passersBy: 0, overflow: 0 };

  constructor(options: SessionTableOptions) {
    this.#options = { maxOpen: MAX_OPEN, ...options };
  }

  get counts(): SessionCounts {
    return { open: this.#open.size, ...this.#counts };
  }

  /** Finished sessions that nobody has taken yet. */
  get waiting(): number {
    return this.#finished.length;
  }

  /** Takes sightings in. Times must not step back. */
  hear(heard: IdentifierSighting): void {
    const key = heard.scheme + toHex(heard.id);
    const known = this.#open.get(key);
    this.#open.delete(key); // and behind all others again
    if (!known) {
      this.#begin(key, heard);
      return;
    }
    const isSilent = heard.firstMs - known.lastMs > this.#options.gapMs;
    const isLong = heard.lastMs - known.opened.firstMs >= MAX_SESSION_MS;
    if (isSilent || isLong) {
      this.#finish(known);
      this.#open.set(key, open(heard, !isSilent));
    } else this.#extend(key, known, heard);
  }

  /** Ends sessions that have been silent for the gap. */
  endSilent(nowMs: number): void {
    for (const [key, session] of this.#open) {
      if (nowMs - session.lastMs <= this.#options.gapMs) break; // all behind it were heard later
      this.#open.delete(key);
      this.#finish(session);
    }
  }

  /** Ends every session. */
  endAll(): void {
    for (const session of this.#open.values()) this.#finish(session);
    this.#open.clear();
  }

  /** Hands out what has ended and passed the gates since the last call. */
  takeFinished(): readonly FinishedSession[] {
    const taken = this.#finished;
    this.#finished = [];
    return taken;
  }

  #begin(key: string, heard: IdentifierSighting): void {
    if (this.#open.size >= this.#options.maxOpen && !this.#makeRoom()) this.#counts.overflow += 1;
    else this.#open.set(key, open(heard, false));
  }

  #extend(key: string, session: OpenSession, heard: IdentifierSighting): void {
    session.lastMs = Math.max(session.lastMs, heard.lastMs);
    session.n += heard.n;
    session.rssiMax = Math.max(session.rssiMax, heard.rssiMax);
    session.rssiSum += heard.rssiMean * heard.n;
    this.#open.set(key, session);
  }

  #finish(session: OpenSession): void {
    if (!this.#passes(session)) {
      this.#counts.passersBy += 1;
      return;
    }
    const { opened, lastMs, n, rssiMax, rssiSum } = session;
    const rssiMean = Math.min(rssiMax, Math.round(rssiSum / n)) as Dbm;
    this.#finished.push({ ...opened, lastMs: lastMs as BoottimeMs, n, rssiMax: rssiMax as Dbm, rssiMean });
    this.#counts.finished += 1;
  }

  #passes({ opened, lastMs, rssiMax, continues }: OpenSession): boolean {
    const { minimumDwellMs, minimumRssi } = this.#options.gates;
    return rssiMax >= minimumRssi && (continues || lastMs - opened.firstMs >= minimumDwellMs);
  }

  /** Gives up one of the longest silent that has not stayed yet. @returns whether there is room now */
  #makeRoom(): boolean {
    let looked = 0;
    for (const [key, session] of this.#open) {
      if (!this.#passes(session)) {
        this.#open.delete(key);
        this.#counts.overflow += 1;
        return true;
      }
      looked += 1;
      if (looked >= LOOK_FOR_ROOM) return false;
    }
    return false;
  }
}

function open(heard: IdentifierSighting, continues: boolean): OpenSession {
  const { lastMs, n, rssiMax, rssiMean } = heard;
  return { opened: heard, lastMs, n, rssiMax, rssiSum: rssiMean * n, continues };
}
