import { createCipheriv, hkdfSync } from "node:crypto";
import { ObservedDays } from "../../engine/radio/observed-ids.ts";
import { bluezoneDaySubkey, expandBluezoneDay } from "../../protocol/beacon/bluezone.ts";
import { GaenExpander, type TemporaryExposureKey } from "../../protocol/beacon/gaen.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import { type BenchOptions, type BenchReport, interleave, ratio, type Spread, short, table } from "./kit.ts";

const ROLLING_START = 2_642_976;
const INTERVAL_MS = 600_000;
const DAYS = 14;
const OBSERVED = [10_000, 100_000, 1_000_000];
/** Keys that are expanded before the clock is read: few enough for the identifiers to stay in the cache, as when one key is. */
const BATCH = 16;

/**
 * Daily keys of 14 days to identifiers, looked up among what kiosks heard in these days: batched against the loop that one writes
 * first (HKDF of the library, a cipher for each of 144 blocks), which is not even asked to look anything up. In turns, in one process.
 */
export async function run({ quick, progress }: BenchOptions): Promise<BenchReport> {
  const keys = madeKeys(quick ? 2_000 : 20_000);
  const shares = new Map<number, number[]>();
  const matching = OBSERVED.map((count) => {
    const observed = filledDays(count, keys);
    const measure = async (): Promise<number> => {
      const { expandMs, lookUpMs } = matchAll(keys, observed);
      shares.set(count, [...(shares.get(count) ?? []), lookUpMs / expandMs]);
      return (1_000 * keys.length) / (expandMs + lookUpMs);
    };
    return { name: `matched among ${count}`, measure };
  });
  const expander = new GaenExpander(nodeCrypto);
  const subkeys = keys.map(({ key }) => bluezoneDaySubkey(nodeCrypto, key));
  const configs = [
    { name: "naive loop", measure: perSecond(keys.slice(0, quick ? 100 : 400), naive) },
    { name: "expanded", measure: perSecond(keys, (key) => void expander.expand(key)) },
    ...matching,
    {
      name: "Bluezone days",
      measure: perSecond(subkeys.slice(0, 5_000), (key) => void expandBluezoneDay(nodeCrypto, key)),
    },
  ];
  const found: Record<string, Spread> = await interleave(configs, { rounds: quick ? 3 : 9, progress });
  const rate = (name: string): Spread => found[name] as Spread;
  const lookUpShare = (count: number): number => rounded(medianOf(shares.get(count) ?? []));
  const most = OBSERVED.at(-1) ?? 0;
  const result = {
    vsNaive: rounded(ratio(rate(`matched among ${most}`), rate("naive loop")).median),
    lookupShare: lookUpShare(most),
    observedIds: most,
    keysPerSecond: Math.round(rate(`matched among ${most}`).median),
    naiveKeysPerSecond: Math.round(rate("naive loop").median),
    expansionVsNaive: rounded(ratio(rate("expanded"), rate("naive loop")).median),
    lookupShareByObserved: Object.fromEntries(OBSERVED.map((count) => [count, lookUpShare(count)])),
    bluezoneDaysPerSecond: Math.round(rate("Bluezone days").median),
  };
  const rows = configs.map(({ name }): [string, string, string, string] => {
    const { median, min, max } = rate(name);
    return [name, short(median), short(min), short(max)];
  });
  return { rows: table(["keys a second", "median", "least", "most"], rows), result };
}

/** In order of their day, as the engine takes them. */
function madeKeys(count: number): readonly TemporaryExposureKey[] {
  return Array.from({ length: count }, (_, at) => ({
    key: nodeCrypto.randomBytes(16),
    rollingStart: ROLLING_START + 144 * Math.floor((at * DAYS) / count),
    rollingPeriod: 144,
  }));
}

/** Random identifiers over all days, one in a hundred of a key. */
function filledDays(count: number, keys: readonly TemporaryExposureKey[]): ObservedDays {
  const days = new ObservedDays(nodeCrypto.randomBytes);
  const expander = new GaenExpander(nodeCrypto);
  const noise = nodeCrypto.randomBytes(count * 16);
  for (let at = 0; at < count; at += 1) {
    const key = keys[Math.floor((at / count) * keys.length)] as TemporaryExposureKey;
    const id = at % 100 === 0 ? expander.expand(key).subarray(0, 16) : noise.subarray(16 * at, 16 * at + 16);
    days.add(id, at + 1, spanOf({ ...key, rollingPeriod: 1 }));
  }
  return days;
}

function spanOf({ rollingStart, rollingPeriod }: Omit<TemporaryExposureKey, "key">): { from: number; to: number } {
  return { from: rollingStart * INTERVAL_MS, to: (rollingStart + rollingPeriod) * INTERVAL_MS - 1 };
}

function matchAll(
  keys: readonly TemporaryExposureKey[],
  observed: ObservedDays,
): { readonly expandMs: number; readonly lookUpMs: number } {
  const expander = new GaenExpander(nodeCrypto);
  let [expandMs, lookUpMs, hits] = [0, 0, 0];
  for (let at = 0; at < keys.length; at += BATCH) {
    const batch = keys.slice(at, at + BATCH);
    const startMs = performance.now();
    const ids = batch.map((key) => expander.expand(key));
    const madeMs = performance.now();
    for (const [i, key] of batch.entries()) {
      observed.find(ids[i] as Uint8Array, { stride: 16, span: spanOf(key) }, () => {
        hits += 1;
      });
    }
    lookUpMs += performance.now() - madeMs;
    expandMs += madeMs - startMs;
  }
  if (hits === 0) throw new Error("nothing was found: the bench measures the wrong thing");
  return { expandMs, lookUpMs };
}

/** The loop that one writes first. */
function naive({ key, rollingStart }: TemporaryExposureKey): void {
  const rpik = Buffer.from(hkdfSync("sha256", key, new Uint8Array(0), "EN-RPIK", 16));
  for (let i = 0; i < 144; i += 1) {
    const block = Buffer.alloc(16);
    block.write("EN-RPI");
    block.writeUInt32LE(rollingStart + i, 12);
    const cipher = createCipheriv("aes-128-ecb", rpik, null);
    cipher.setAutoPadding(false);
    cipher.update(block);
  }
}

/** Measures items a second over one pass, after a short one that warms up. */
function perSecond<Item>(items: readonly Item[], work: (item: Item) => void): () => Promise<number> {
  return async () => {
    for (const item of items.slice(0, 50)) work(item);
    const startMs = performance.now();
    for (const item of items) work(item);
    return (1_000 * items.length) / (performance.now() - startMs);
  };
}

function medianOf(samples: readonly number[]): number {
  return [...samples].sort((left, right) => left - right)[samples.length >> 1] ?? Number.NaN;
}

function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
