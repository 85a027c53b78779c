import { type DayKeys, nextDayKeys, visitorTag } from "../../protocol/checkin/visitor-tag.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import type { VisitorTag } from "../../protocol/ids.ts";
import type { Credential } from "../../protocol/qr/reading.ts";
import { siteDay, type WallMs } from "../../protocol/units.ts";
import type { CheckinLog } from "../ledger/checkin-log.ts";

/** More steps than this at once mean a wrong clock, not a long sleep: then one step is taken. */
const MAX_STEPS = 400;

/** Tags of one visitor under the keys of today and of the day before, today's first. */
export function tagsOf(crypto: CryptoPort, keys: DayKeys, who: Credential): readonly VisitorTag[] {
  const today = visitorTag(crypto, keys.tagKey, who);
  return keys.previousTagKey ? [today, visitorTag(crypto, keys.previousTagKey, who)] : [today];
}

/**
 * Advances the day keys when the site's day (04:00) has turned since they were last advanced. Call it with a trusted clock only:
 * an unsynced one must never turn keys. The keys before yesterday's are off the disk as soon as nobody else reads the ledger.
 *
 * @returns whether a step was taken
 */
export async function turnDay(crypto: CryptoPort, log: CheckinLog, nowMs: WallMs): Promise<boolean> {
  const hasTurned = await advance(crypto, log, nowMs);
  await log.wipe(); // asked for at each call: a wipe that was not possible is made up for
  return hasTurned;
}

async function advance(crypto: CryptoPort, log: CheckinLog, nowMs: WallMs): Promise<boolean> {
  const today = siteDay(nowMs);
  const stored = log.dayKeysDay;
  if (stored === today || (stored !== null && stored > today)) return false;
  if (stored === null) {
    await log.saveDayKeys(log.dayKeys, today);
    return false;
  }
  let keys = log.dayKeys;
  const steps = today - stored > MAX_STEPS ? 1 : today - stored;
  for (let step = 0; step < steps; step += 1) keys = nextDayKeys(crypto, keys);
  await log.saveDayKeys(keys, today);
  return true;
}
