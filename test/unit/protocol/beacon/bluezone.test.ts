import { describe, expect, it } from "vitest";
import {
  BLUEZONE_ID_BYTES,
  BLUEZONE_SLOT_MS,
  bluezoneDayStart,
  bluezoneDaySubkey,
  expandBluezoneDay,
  nextBluezoneDailyKey,
} from "../../../../protocol/beacon/bluezone.ts";
import { fromHex, toHex } from "../../../../protocol/bytes.ts";
import { nodeCrypto } from "../../../../runtime/node-crypto.ts";

const BASE = fromHex("4C5224B397F8AB3896781D5AA0F3119F280513F1B592CA280EBDED6357E21084");

function idAt(dailyKey: Uint8Array, slot: number): string {
  const ids = expandBluezoneDay(nodeCrypto, bluezoneDaySubkey(nodeCrypto, dailyKey));
  return toHex(ids.subarray(slot * BLUEZONE_ID_BYTES, (slot + 1) * BLUEZONE_ID_BYTES)).toUpperCase();
}

describe("Bluezone identifiers", () => {
  it("are those of the captures of 8 August 2020", () => {
    expect([23, 24, 25, 26, 27].map((slot) => idAt(BASE, slot))).toEqual([
      "B9A665D754FE65E665D76A45",
      "3AA8DFC0A15682B27216FC31",
      "B9A232358A6C89E7A00B673C",
      "C5DAD2EC90AFFA065D1E0A70",
      "E376E0B409BCE18ECF5F2ED4",
    ]);
  });

  it("of the next day come from the next daily key and not from the day's sub-key", () => {
    const next = nextBluezoneDailyKey(nodeCrypto, BASE);
    expect(toHex(next)).toBe(toHex(nodeCrypto.sha256(BASE)));
    expect(idAt(next, 23)).not.toBe(idAt(BASE, 23));
  });

  it("belong to a UTC day and its quarters of an hour", () => {
    const at = 1_596_844_800_000 + 23 * BLUEZONE_SLOT_MS + 5;
    expect(bluezoneDayStart(at)).toBe(1_596_844_800_000);
  });
});
