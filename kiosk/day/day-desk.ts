import { equalBytes } from "../../protocol/bytes.ts";
import type { SiteKey } from "../../protocol/checkin/site-key.ts";
import { type DayKeys, nextDayKey } from "../../protocol/checkin/visitor-tag.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import type { WallMs } from "../../protocol/units.ts";
import type { CheckinLog } from "../ledger/checkin-log.ts";
import { turnDay } from "./day-turn.ts";

/** Older than this many days, a key that is offered is of a clock that is wrong, and so is one of a later day than the door's. */
const MAX_STEPS = 7;

/** What came of a key that the engine offered. `not_now`: its day is not this door's; it is to be asked for again. */
export type Adoption = "adopted" | "known" | "not_now";

/** Changes the day keys, one change after the other. */
export class DayDesk {
  readonly #crypto: CryptoPort;
  readonly #log: CheckinLog;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(crypto: CryptoPort, log: CheckinLog) {
    this.#crypto = crypto;
    this.#log = log;
  }

  /** See {@link turnDay}. */
  turn(nowMs: WallMs): Promise<boolean> {
    return this.#inTurn(() => turnDay(this.#crypto, this.#log, nowMs));
  }

  /**
   * Goes by the key that all doors of the site share from now on. Tags under the key before are still found, as after a turnover; the
   * period key stays this door's own.
   */
  adopt(offered: SiteKey): Promise<Adoption> {
    return this.#inTurn(async () => {
      const { dayKeys, dayKeysDay } = this.#log;
      const steps = dayKeysDay === null ? -1 : dayKeysDay - offered.siteDay;
      if (steps < 0 || steps > MAX_STEPS) return "not_now";
      const keys = withSiteKey(dayKeys, { ...offered, key: stepped(this.#crypto, offered.key, steps) });
      if (!keys) return "known";
      await this.#log.saveDayKeys(keys, dayKeysDay);
      return "adopted";
    });
  }

  #inTurn<Result>(job: () => Promise<Result>): Promise<Result> {
    const turn = this.#turn.then(job);
    this.#turn = turn.catch(() => undefined); // the caller gets the fault; the next change is made
    return turn;
  }
}

function withSiteKey(keys: DayKeys, { generation, key }: SiteKey): DayKeys | null {
  if (keys.siteGeneration === generation && equalBytes(keys.tagKey, key)) return null;
  return { ...keys, siteGeneration: generation, tagKey: key, previousTagKey: keys.tagKey };
}

function stepped(crypto: CryptoPort, key: Uint8Array, steps: number): Uint8Array {
  return steps === 0 ? key : stepped(crypto, nextDayKey(crypto, key), steps - 1);
}
