import type { DeviceTime } from "../../firmware/ports/device-clock.ts";
import type { VenueId } from "../../protocol/ids.ts";
import { HOUR_MS, MINUTE_MS } from "../../protocol/units.ts";
import type { Append, RecordDraft } from "../ledger/checkin-log.ts";
import type { TimeFix } from "./time-sync.ts";

/** A clock that drifted by less than this is left alone, milliseconds: an anchor costs a row. */
const WORTH_AN_ANCHOR_MS = 1_000;

/** Whether a fix tells something new: no clock yet, a clock that is off by more than its word, or a much surer one. */
export function clockJumped(now: DeviceTime, fix: TimeFix): boolean {
  if (!isSure(now)) return true;
  const expected = now.wallMs - (now.boottimeMs - fix.boottimeMs);
  const offMs = Math.abs(expected - fix.wallMs);
  return offMs > Math.max(WORTH_AN_ANCHOR_MS, now.uncertaintyMs + fix.uncertaintyMs);
}

/** Nothing but a gateway whose own clock no time server keeps answers with more doubt than this. */
const BLURRED_MS = MINUTE_MS;

/**
 * Whether an answer knows much less than this kiosk: the gateway lost power and nothing set its clock since, while this one was set.
 * Among clocks of a kind the gateway's counts, so that a venue has one.
 */
export function knowsLess(now: DeviceTime, fix: TimeFix): boolean {
  return now.state !== "unsynced" && fix.uncertaintyMs > Math.max(BLURRED_MS, 2 * now.uncertaintyMs);
}

/** A crystal that is off by 120 ppm is off by 0.4 s after an hour: near enough to tell who left before somebody else came. */
const ANCHOR_EVERY_MS = HOUR_MS;

/** Says when a clock that is right leaves another anchor, so that no row is far from one; where nothing was written, nothing needs a date. */
export class AnchorDuty {
  #last: { readonly boottimeMs: number; readonly rows: number } | null = null;

  /** @param rows that the ledger has had so far */
  isDue({ boottimeMs }: TimeFix, rows: number): boolean {
    this.#last ??= { boottimeMs, rows };
    return rows > this.#last.rows && boottimeMs - this.#last.boottimeMs >= ANCHOR_EVERY_MS;
  }

  /** An anchor was written. @param rows with it */
  done({ boottimeMs }: TimeFix, rows: number): void {
    this.#last = { boottimeMs, rows };
  }
}

/** Whether the engine believes such a clock without an anchor. */
export function isSure({ state }: Pick<DeviceTime, "state">): boolean {
  return state === "ntp" || state === "gateway";
}

/** The row that lets the engine date everything of this boot. @param at a reading of a clock that is sure */
export function anchorRow(
  { bootId, state, boottimeMs, wallMs, uncertaintyMs }: DeviceTime,
  place: { readonly venue: VenueId; readonly gate: number },
): Append {
  return {
    tag: null,
    seal: null,
    draft: {
      ...place,
      kind: "anchor",
      boot: bootId,
      boottimeMs,
      wallMs,
      clock: state,
      uncertaintyMs,
      scheme: "none",
      party: 0,
      evidence: "none",
    },
  };
}

/** Place and time for a tombstone; which rows it stands for, the ledger fills in. */
export function tombstoneDraft(
  now: DeviceTime,
  place: { readonly venue: VenueId; readonly gate: number },
): RecordDraft {
  return {
    ...place,
    kind: "tombstone",
    boot: now.bootId,
    boottimeMs: now.boottimeMs,
    wallMs: now.wallMs,
    clock: now.state,
    uncertaintyMs: now.uncertaintyMs,
    scheme: "none",
    party: 0,
    evidence: "none",
  };
}
