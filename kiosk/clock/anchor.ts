import type { DeviceTime } from "../../firmware/ports/device-clock.ts";
import type { BootId, VenueId } from "../../protocol/ids.ts";
import type { Append, RecordDraft } from "../ledger/checkin-log.ts";
import type { TimeFix } from "./time-sync.ts";

/** A clock that drifted by less than this is left alone, milliseconds: an anchor costs a row. */
const WORTH_AN_ANCHOR_MS = 1_000;

/** Whether a fix tells something new: no clock yet, a clock that is off by more than its word, or a much surer one. */
export function clockJumped(now: DeviceTime, fix: TimeFix): boolean {
  if (now.state === "unsynced" || now.state === "rtc") return true;
  const expected = now.wallMs - (now.boottimeMs - fix.boottimeMs);
  const offMs = Math.abs(expected - fix.wallMs);
  return offMs > Math.max(WORTH_AN_ANCHOR_MS, now.uncertaintyMs + fix.uncertaintyMs);
}

/** The row that lets the engine date everything of this boot. */
export function anchorRow(
  boot: BootId,
  fix: TimeFix,
  place: { readonly venue: VenueId; readonly gate: number },
): Append {
  return {
    tag: null,
    seal: null,
    draft: {
      ...place,
      ...fix,
      boot,
      kind: "anchor",
      clock: "gateway",
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
