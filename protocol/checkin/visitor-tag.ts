import { concatBytes, toHex, utf8 } from "../bytes.ts";
import type { CryptoPort } from "../crypto-port.ts";
import type { VisitorTag } from "../ids.ts";
import type { Scheme } from "./record.ts";

/**
 * The day keys of one site at step `n`. `n` counts turnovers (04:00 local) and is persisted; it is never computed from a clock.
 *
 * `tagKey` makes visitor tags, `periodKey` the venue's published period key. Both are 32 bytes; the step before is kept for
 * people who came before the turnover, and everything older is gone: SHA-256 does not run backwards.
 */
export interface DayKeys {
  readonly n: number;
  /** The engine's count of the site key that `tagKey` follows from; null while this door goes by a key of its own. */
  readonly siteGeneration: number | null;
  readonly tagKey: Uint8Array;
  readonly previousTagKey: Uint8Array | null;
  readonly periodKey: Uint8Array;
  readonly previousPeriodKey: Uint8Array | null;
}

/** Makes step 0 from a site's 32-byte seed. */
export function firstDayKeys(crypto: CryptoPort, seed: Uint8Array): DayKeys {
  return {
    n: 0,
    siteGeneration: null,
    tagKey: crypto.hmacSha256(seed, utf8("tag")),
    previousTagKey: null,
    periodKey: crypto.hmacSha256(seed, utf8("period")),
    previousPeriodKey: null,
  };
}

/** Takes one step: K(n+1) = SHA-256(K(n) | "day"). DESIGN section 2. */
export function nextDayKeys(crypto: CryptoPort, keys: DayKeys): DayKeys {
  return {
    n: keys.n + 1,
    siteGeneration: keys.siteGeneration,
    tagKey: nextDayKey(crypto, keys.tagKey),
    previousTagKey: keys.tagKey,
    periodKey: nextDayKey(crypto, keys.periodKey),
    previousPeriodKey: keys.periodKey,
  };
}

/** One step of one key: SHA-256(key | "day"). */
export function nextDayKey(crypto: CryptoPort, key: Uint8Array): Uint8Array {
  return crypto.sha256(concatBytes(key, utf8("day")));
}

/** Tag of one visitor under one day key: HMAC-SHA256(K(n), scheme | id), first 16 bytes. A pseudonym: never log it. */
export function visitorTag(
  crypto: CryptoPort,
  key: Uint8Array,
  who: { readonly scheme: Scheme; readonly id: string },
): VisitorTag {
  return toHex(crypto.hmacSha256(key, utf8(`${who.scheme}|${who.id}`)).subarray(0, 16)) as VisitorTag;
}

/** Key that the authority publishes when a case was at the venue on that day: LTKey(n) = HMAC-SHA256(P(n), "lt"), 32 bytes. */
export function publishedPeriodKey(crypto: CryptoPort, periodKey: Uint8Array): Uint8Array {
  return crypto.hmacSha256(periodKey, utf8("lt"));
}
