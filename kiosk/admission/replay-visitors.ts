import type { DeviceTime } from "../../firmware/ports/device-clock.ts";
import type { CheckinRecord } from "../../protocol/checkin/record.ts";
import type { BootId, VisitorTag } from "../../protocol/ids.ts";
import type { BoottimeMs, WallMs } from "../../protocol/units.ts";
import { isSure } from "../clock/anchor.ts";
import type { CheckinLog, LoggedRow } from "../ledger/checkin-log.ts";
import { datedPast } from "./dated-past.ts";
import type { VisitorPast } from "./decide.ts";
import type { Visitors } from "./visitors.ts";

/** Rows read at a time. */
const PAGE = 500;

/** A pair of one boot's time and the wall clock. */
type Moment = Pick<CheckinRecord, "boottimeMs" | "wallMs">;
/** What is needed of a row. */
type Seen = Moment & Pick<CheckinRecord, "boot" | "clock" | "party"> & Pick<VisitorPast, "direction">;

/**
 * Rebuilds who is inside from the rows that are still here.
 *
 * @param now this boot, and its clocks at the start
 * @returns whether rows of this boot, of a run before this one, wait for an anchor
 */
export async function replayVisitors(
  log: Pick<CheckinLog, "read" | "emptiedUpto">,
  visitors: Visitors,
  now: DeviceTime,
): Promise<{ readonly hasUndated: boolean }> {
  const told = new Told();
  for (let from = log.emptiedUpto + 1; ; ) {
    const rows = await log.read(from, PAGE);
    for (const row of rows) told.take(row);
    const end = rows.at(-1);
    if (!end) break;
    from = end.record.seq + 1;
  }
  for (const [tag, seen] of told.last) visitors.note([tag], pastOf(seen, told.anchors.get(seen.boot), now));
  return { hasUndated: told.undated === now.bootId };
}

/** What the rows tell, read in their order. */
class Told {
  /** The last event under each tag; the order in the map is that of these events. */
  readonly last = new Map<VisitorTag, Seen>();
  readonly anchors = new Map<BootId, Moment>();
  /** The last boot, if rows of it are without a date. */
  undated: BootId | null = null;

  take({ record: { kind, boot, boottimeMs, wallMs, clock, party }, tag }: LoggedRow): void {
    if (kind === "anchor") {
      if (clock !== "unsynced") this.anchors.set(boot, { boottimeMs, wallMs });
      this.undated = null;
      return;
    }
    if (!isSure({ state: clock })) this.undated = boot;
    if (!tag || (kind !== "in" && kind !== "out")) return;
    this.last.delete(tag);
    this.last.set(tag, { direction: kind, boot, boottimeMs, wallMs, clock, party });
  }
}

/**
 * What a row means in this boot.
 *
 * A visitor whose answer went with the power scans again when the kiosk is back. He must not be taken for one who leaves, so an event
 * of an earlier boot that cannot be dated counts as if it had happened when this one began.
 */
function pastOf(seen: Seen, anchor: Moment | undefined, now: DeviceTime): VisitorPast {
  const { direction, party, boot, boottimeMs, wallMs } = seen;
  if (boot === now.bootId) return { direction, party, boottimeMs, wallMs };
  const knownMs = wallOf(seen, anchor);
  const past = { direction, party, boottimeMs: 0 as BoottimeMs, wallMs: knownMs ?? wallMs };
  return knownMs === null ? { ...past, undated: "for_good" } : datedPast({ ...past, undated: "until_clock" }, now);
}

/** When a row was written; null when that boot never knew the time. */
function wallOf(
  { boottimeMs, wallMs, clock }: Moment & Pick<Seen, "clock">,
  anchor: Moment | undefined,
): WallMs | null {
  if (anchor) return (anchor.wallMs - (anchor.boottimeMs - boottimeMs)) as WallMs;
  return clock === "unsynced" ? null : wallMs;
}
