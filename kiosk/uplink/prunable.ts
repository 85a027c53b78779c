import type { DeviceTime } from "../../firmware/ports/device-clock.ts";
import { HOUR_MS, type WallMs } from "../../protocol/units.ts";
import type { StreamLog } from "../ledger/checkin-log.ts";

/** Most rows of a batch, so that its end lies within so many rows. Source: DESIGN section 3, constants. */
const BATCH_ROWS = 200;

/** With a round of deleting every six hours, no receipted row stays for more than 24 hours. */
const KEPT_MS = 18 * HOUR_MS;

/** Since when receipted rows are kept for the view of who is inside; a clock that knows nothing keeps none. */
export function keptSince({ state, wallMs }: DeviceTime): WallMs {
  return (state === "unsynced" ? Number.POSITIVE_INFINITY : wallMs - KEPT_MS) as WallMs;
}

/**
 * Up to where receipted rows may go, so that those after `beforeMs` stay: a kiosk that boots anew learns from its rows who is inside.
 *
 * Rows stand in the order of their commits; their wall clocks rise with it but for the rare step of a clock, which costs no more than
 * a row kept or gone early.
 *
 * @returns the end of a batch with a receipt; 0 when all of them stay
 */
export async function prunableUpto(log: StreamLog, beforeMs: WallMs): Promise<number> {
  const { firstSeq } = await log.sizes();
  let [low, high] = [firstSeq - 1, log.watermark.upto];
  if (low >= high) return 0;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const [row] = await log.read(middle, 1);
    if (row && row.record.wallMs < beforeMs) low = middle;
    else high = middle - 1;
  }
  for (let seq = low; seq >= Math.max(firstSeq, low - BATCH_ROWS); seq -= 1) if (await log.hashAt(seq)) return seq;
  return 0;
}
