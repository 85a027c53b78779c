import type { DeviceTime } from "../../firmware/ports/device-clock.ts";
import type { CheckinRecord } from "../../protocol/checkin/record.ts";
import type { BoottimeMs } from "../../protocol/units.ts";
import type { CheckinLog } from "../ledger/checkin-log.ts";
import type { Visitors } from "./visitors.ts";

/** Rows read at a time. */
const PAGE = 500;

/** Rebuilds who is inside from the rows that are still here. @param now this boot, and its clocks at the start */
export async function replayVisitors(
  log: Pick<CheckinLog, "read" | "emptiedUpto">,
  visitors: Visitors,
  now: DeviceTime,
): Promise<void> {
  for (let from = log.emptiedUpto + 1; ; ) {
    const rows = await log.read(from, PAGE);
    const last = rows.at(-1);
    if (!last) return;
    for (const { record, tag } of rows) if (tag) visitors.replay(tag, record, inThisBoot(record, now));
    from = last.record.seq + 1;
  }
}

/**
 * When a row happened, by this boot's time; below zero for what came before it.
 *
 * A visitor whose answer went with the power scans again when the kiosk is back. He must not be taken for one who leaves, so an event
 * of an earlier boot that cannot be dated counts as if it had happened when this one began.
 */
function inThisBoot(record: CheckinRecord, now: DeviceTime): BoottimeMs {
  if (record.boot === now.bootId) return record.boottimeMs;
  const isDated = record.clock !== "unsynced" && now.state !== "unsynced" && record.wallMs <= now.wallMs;
  return (isDated ? Math.min(0, now.boottimeMs - (now.wallMs - record.wallMs)) : 0) as BoottimeMs;
}
