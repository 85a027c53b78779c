import type { DeviceTime } from "../../firmware/ports/device-clock.ts";
import type { CheckinRecord } from "../../protocol/checkin/record.ts";
import type { BootId, VisitorTag } from "../../protocol/ids.ts";
import type { BoottimeMs, WallMs } from "../../protocol/units.ts";
import type { CheckinLog } from "../ledger/checkin-log.ts";
import { datedPast } from "./dated-past.ts";
import type { VisitorPast } from "./decide.ts";
import type { Visitors } from "./visitors.ts";

/** Rows read at a time. */
const PAGE = 500;

/** A pair of one boot's time and the wall clock. */
type Moment = Pick<CheckinRecord, "boottimeMs" | "wallMs">;
/** What is needed of a row. */
type Seen = Moment & Pick<CheckinRecord, "boot" | "clock" | "party"> & Pick<VisitorPast, "direction">;

/** Rebuilds who is inside from the rows that are still here. @param now this boot, and its clocks at the start */
export async function replayVisitors(
  log: Pick<CheckinLog, "read" | "emptiedUpto">,
  visitors: Visitors,
  now: DeviceTime,
): Promise<void> {
  const last = new Map<VisitorTag, Seen>();
  const anchors = new Map<BootId, Moment>();
  for (let from = log.emptiedUpto + 1; ; ) {
    const rows = await log.read(from, PAGE);
    for (const { record, tag } of rows) {
      const { kind, boot, boottimeMs, wallMs, clock, party } = record;
      if (kind === "anchor" && clock !== "unsynced") anchors.set(boot, { boottimeMs, wallMs });
      if (!tag || (kind !== "in" && kind !== "out")) continue;
      last.delete(tag); // the order in the map is that of the last events
      last.set(tag, { direction: kind, boot, boottimeMs, wallMs, clock, party });
    }
    const end = rows.at(-1);
    if (!end) break;
    from = end.record.seq + 1;
  }
  for (const [tag, seen] of last) visitors.note([tag], pastOf(seen, anchors.get(seen.boot), now));
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
