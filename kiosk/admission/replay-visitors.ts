import type { BootId } from "../../protocol/ids.ts";
import type { CheckinLog } from "../ledger/checkin-log.ts";
import type { Visitors } from "./visitors.ts";

/** Rows read at a time. */
const PAGE = 500;

/** Rebuilds who is inside from the rows that are still here. @param boot the boot that runs now */
export async function replayVisitors(log: Pick<CheckinLog, "read">, visitors: Visitors, boot: BootId): Promise<void> {
  for (let from = 1; ; ) {
    const rows = await log.read(from, PAGE);
    const last = rows.at(-1);
    if (!last) return;
    for (const { record, tag } of rows) if (tag) visitors.replay(tag, record, record.boot !== boot);
    from = last.record.seq + 1;
  }
}
