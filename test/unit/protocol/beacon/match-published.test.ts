import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  matchPublished,
  PHONE_UNCERTAINTY_MS,
  type PhoneSighting,
} from "../../../../protocol/beacon/match-published.ts";
import { beaconId, ROTATION_MS, rotationInterval } from "../../../../protocol/beacon/rotating-id.ts";
import { firstDayKeys, nextDayKeys, publishedPeriodKey } from "../../../../protocol/checkin/visitor-tag.ts";
import { withDecoys } from "../../../../protocol/publish/decoys.ts";
import type { PublishedEntry, PublishedFile } from "../../../../protocol/publish/published-file.ts";
import { temporaryLocationId } from "../../../../protocol/qr/clea.ts";
import { publishedPosterId } from "../../../../protocol/qr/venue-qr.ts";
import { HOUR_MS, siteDay, type WallMs } from "../../../../protocol/units.ts";
import { nodeCrypto } from "../../../../runtime/node-crypto.ts";
import { runs } from "../../../support/property-runs.ts";

const NINE = Date.UTC(2026, 10, 16, 2);
const keys = firstDayKeys(nodeCrypto, new Uint8Array(32).fill(1));
const ltKey = publishedPeriodKey(nodeCrypto, keys.periodKey);
const tomorrow = publishedPeriodKey(nodeCrypto, nextDayKeys(nodeCrypto, keys).periodKey);
const seed = new Uint8Array(16).fill(5);

const entry: PublishedEntry = { kind: "venue", key: ltKey, firstInterval: rotationInterval(NINE), intervals: 12 };
const fileOf = (...entries: readonly PublishedEntry[]): PublishedFile => ({
  number: 7,
  hour: Math.floor(NINE / HOUR_MS),
  previous: new Uint8Array(32),
  openings: null,
  entries: withDecoys(nodeCrypto, entries, NINE),
});
const heard = (atMs: number, key = ltKey, sentMs = atMs): PhoneSighting => ({
  kind: "beacon",
  atMs,
  id: beaconId(nodeCrypto, key, rotationInterval(sentMs)),
});
const scanned = (atMs: number, key = ltKey): PhoneSighting => ({
  kind: "screen",
  atMs,
  locationId: temporaryLocationId(nodeCrypto, key),
});

describe("matchPublished", () => {
  it("finds the same published key for a phone that heard the beacon and one that scanned the screen", () => {
    fc.assert(
      fc.property(fc.integer({ min: -3 * HOUR_MS, max: 6 * HOUR_MS }), (offset) => {
        const file = fileOf(entry);
        const [byEar] = matchPublished(nodeCrypto, [file], [heard(NINE + offset)]);
        const [byEye] = matchPublished(nodeCrypto, [file], [scanned(NINE + offset)]);
        expect(byEar?.entry).toEqual(byEye?.entry);
        const inside = offset >= -PHONE_UNCERTAINTY_MS && offset < 2 * HOUR_MS + PHONE_UNCERTAINTY_MS;
        expect(byEar?.entry).toEqual(inside ? entry : undefined);
      }),
      { numRuns: runs(60) },
    );
  });

  it("finds nothing of another day's key, nor a beacon that was replayed later", () => {
    const file = fileOf(entry);
    const replayed = heard(NINE + HOUR_MS, ltKey, NINE + 5 * ROTATION_MS - HOUR_MS);
    const sightings = [heard(NINE, tomorrow), scanned(NINE, tomorrow), replayed];
    expect(matchPublished(nodeCrypto, [file], sightings)).toEqual([]);
  });

  it("never finds a decoy, whatever a phone remembers", () => {
    const any = fc.record({
      kind: fc.constantFrom("screen" as const, "beacon" as const, "poster" as const),
      bytes: fc.uint8Array({ minLength: 16, maxLength: 16 }),
      offset: fc.integer({ min: -14 * 24 * HOUR_MS, max: 0 }),
    });
    const decoys = fileOf();
    expect(decoys.entries).toHaveLength(4 * 16);
    fc.assert(
      fc.property(fc.array(any, { maxLength: 20 }), (drawn) => {
        const sightings = drawn.map(({ kind, bytes, offset }): PhoneSighting => {
          const atMs = NINE + offset;
          if (kind === "screen") return { kind, atMs, locationId: bytes };
          return kind === "beacon" ? { kind, atMs, id: bytes } : { kind, atMs, seed: bytes };
        });
        expect(matchPublished(nodeCrypto, [decoys], [...sightings, heard(NINE), scanned(NINE)])).toEqual([]);
      }),
      { numRuns: runs(20) },
    );
  });

  it("knows a poster on its day, and on both days at the turnover", () => {
    const four = Date.UTC(2026, 10, 15, 21); // 04:00 in Vietnam
    const posters = [siteDay((four - 1) as WallMs), siteDay(four as WallMs)].map(
      (day): PublishedEntry => ({
        kind: "poster",
        key: publishedPosterId(nodeCrypto, seed, day),
        firstInterval: rotationInterval(four) - 6,
        intervals: 12,
      }),
    );
    const at = (atMs: number): readonly PublishedEntry[] =>
      matchPublished(nodeCrypto, [fileOf(...posters)], [{ kind: "poster", seed, atMs }]).map((match) => match.entry);
    expect(at(four - 30_000)).toHaveLength(2);
    expect(at(four + 20 * 60_000)).toEqual([posters[1]]);
  });

  it("takes a phone's own word for how wrong its clock may be", () => {
    const file = fileOf(entry);
    const late: PhoneSighting = { ...scanned(NINE + 3 * HOUR_MS), uncertaintyMs: 2 * HOUR_MS };
    const lateBeacon: PhoneSighting = {
      ...heard(NINE + 3 * HOUR_MS, ltKey, NINE + HOUR_MS),
      uncertaintyMs: 2 * HOUR_MS,
    };
    expect(matchPublished(nodeCrypto, [file], [late, lateBeacon])).toMatchObject([{ file: 7 }, { file: 7 }]);
  });
});
