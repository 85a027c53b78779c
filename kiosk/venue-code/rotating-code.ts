import { fromHex } from "../../protocol/bytes.ts";
import { publishedPeriodKey } from "../../protocol/checkin/visitor-tag.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import { rotatingVenueText } from "../../protocol/qr/venue-qr.ts";
import { DAY_MS, HOUR_MS, SITE_UTC_OFFSET_MS, siteDay, TURNOVER_HOUR, type WallMs } from "../../protocol/units.ts";
import type { CheckinLog } from "../ledger/checkin-log.ts";

/** The code is renewed every 2^8 = 256 seconds: short enough against photographs, long enough to be scanned at leisure. */
const RENEWAL_EXPONENT = 8;
const RENEWAL_MS = 2 ** RENEWAL_EXPONENT * 1_000;
const PERIOD_HOURS = 24;

/** Start of the site day that an instant falls in: 04:00 in Vietnam. */
function periodStart(nowMs: WallMs): WallMs {
  return (siteDay(nowMs) * DAY_MS + TURNOVER_HOUR * HOUR_MS - SITE_UTC_OFFSET_MS) as WallMs;
}

/** The venue's code on the screen: one location id a site day, freshly sealed every few minutes. */
export class RotatingCode {
  readonly #crypto: CryptoPort;
  readonly #authorityKey: Uint8Array | null;
  readonly #log: CheckinLog;
  #shown: { readonly text: string; readonly step: number; readonly n: number } | null = null;

  /** @param venueKey the authority's key in hex; without it there is no code */
  constructor(crypto: CryptoPort, log: CheckinLog, venueKey: string | undefined) {
    this.#crypto = crypto;
    this.#log = log;
    this.#authorityKey = venueKey === undefined ? null : fromHex(venueKey);
  }

  /** The text to show now; null without a trusted clock or without the authority's key. */
  async at(nowMs: WallMs, clockTrusted: boolean): Promise<string | null> {
    if (!clockTrusted || !this.#authorityKey) return null;
    const { n, periodKey } = this.#log.dayKeys;
    const step = Math.floor(nowMs / RENEWAL_MS);
    if (this.#shown?.step === step && this.#shown.n === n) return this.#shown.text;
    const text = await rotatingVenueText(this.#crypto, {
      renewalExponent: RENEWAL_EXPONENT,
      venueType: 0,
      category1: 0,
      category2: 0,
      periodHours: PERIOD_HOURS,
      periodKey: publishedPeriodKey(this.#crypto, periodKey),
      periodStartMs: periodStart(nowMs),
      nowMs,
      authorityKey: this.#authorityKey,
    });
    this.#shown = { text, step, n };
    return text;
  }
}
