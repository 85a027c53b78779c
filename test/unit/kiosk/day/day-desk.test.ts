import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DayDesk } from "../../../../kiosk/day/day-desk.ts";
import { tagsOf } from "../../../../kiosk/day/day-turn.ts";
import { nextDayKey } from "../../../../protocol/checkin/visitor-tag.ts";
import type { Credential } from "../../../../protocol/qr/reading.ts";
import { DAY_MS, siteDay, type WallMs } from "../../../../protocol/units.ts";
import { nodeCrypto } from "../../../../runtime/node-crypto.ts";
import { openTestLedger } from "../../../support/ledger.ts";
import { tempFolder } from "../../../support/temp.ts";

const NOON = Date.UTC(2026, 0, 5, 5) as WallMs;
const TODAY = siteDay(NOON);
const key = new Uint8Array(32).fill(3);
const visitor = { scheme: "cccd", id: "001099000001" } as Credential;

/** What somebody finds who takes the card. */
const card = (folder: string): Buffer =>
  Buffer.concat(readdirSync(folder).map((name) => readFileSync(join(folder, name))));

async function openDay(folder = tempFolder()) {
  const log = await openTestLedger(folder);
  const days = new DayDesk(nodeCrypto, log);
  return { folder, log, days };
}

describe("DayDesk", () => {
  it("goes by the site's key from now on, finds whom it knew before, and keeps its own period", async () => {
    const { log, days, folder } = await openDay();
    await days.turn(NOON);
    const [own] = tagsOf(nodeCrypto, log.dayKeys, visitor);
    const before = log.dayKeys;
    expect(await days.adopt({ generation: 1, siteDay: TODAY, key })).toBe("adopted");
    expect(log.dayKeys).toEqual({ ...before, siteGeneration: 1, tagKey: key, previousTagKey: before.tagKey });
    expect(tagsOf(nodeCrypto, log.dayKeys, visitor)).toContain(own);
    expect(await days.adopt({ generation: 1, siteDay: TODAY, key })).toBe("known");
    await log.close();
    const again = await openTestLedger(folder);
    expect(again.dayKeys).toMatchObject({ siteGeneration: 1, tagKey: key });
    await again.close();
  });

  it("steps a key of some days ago on to its own day, and each door comes to the same", async () => {
    const { log, days } = await openDay();
    await days.turn((NOON + 2 * DAY_MS) as WallMs);
    await days.adopt({ generation: 1, siteDay: TODAY, key });
    const stepped = nextDayKey(nodeCrypto, nextDayKey(nodeCrypto, key));
    expect(log.dayKeys.tagKey).toEqual(stepped);
    await days.turn((NOON + 3 * DAY_MS) as WallMs);
    expect(log.dayKeys).toMatchObject({
      siteGeneration: 1,
      tagKey: nextDayKey(nodeCrypto, stepped),
      previousTagKey: stepped,
    });
    await log.close();
  });

  it("takes no key before it knows the day, none of a later day and none of long ago", async () => {
    const { log, days } = await openDay();
    expect(await days.adopt({ generation: 1, siteDay: TODAY, key })).toBe("not_now");
    await days.turn(NOON);
    expect(await days.adopt({ generation: 1, siteDay: TODAY + 1, key })).toBe("not_now");
    expect(await days.adopt({ generation: 1, siteDay: TODAY - 30, key })).toBe("not_now");
    expect(log.dayKeys.siteGeneration).toBeNull();
    await log.close();
  });

  it("takes another key of the same count too: an engine that was restored has forgotten the first", async () => {
    const { log, days } = await openDay();
    await days.turn(NOON);
    await days.adopt({ generation: 1, siteDay: TODAY, key });
    expect(await days.adopt({ generation: 1, siteDay: TODAY, key: new Uint8Array(32).fill(4) })).toBe("adopted");
    await log.close();
  });

  it("leaves no key on the card that is older than the one before", async () => {
    const { log, days, folder } = await openDay();
    await days.turn(NOON);
    const own = log.dayKeys.tagKey;
    await days.adopt({ generation: 1, siteDay: TODAY, key });
    await days.turn((NOON + 1_000) as WallMs);
    expect(card(folder).includes(Buffer.from(own))).toBe(true);
    await days.adopt({ generation: 2, siteDay: TODAY, key: new Uint8Array(32).fill(4) });
    await days.turn((NOON + 2_000) as WallMs);
    expect(card(folder).includes(Buffer.from(own))).toBe(false);
    expect(card(folder).includes(Buffer.from(key))).toBe(true);
    await log.close();
  });

  it("makes one change after the other, whatever comes together", async () => {
    const { log, days } = await openDay();
    await days.turn(NOON);
    await Promise.all([
      days.turn((NOON + DAY_MS) as WallMs),
      days.adopt({ generation: 1, siteDay: TODAY, key }),
      days.turn((NOON + 2 * DAY_MS) as WallMs),
    ]);
    expect(log.dayKeys).toMatchObject({ n: 2, siteGeneration: 1 });
    expect(log.dayKeys.tagKey).toEqual(nextDayKey(nodeCrypto, nextDayKey(nodeCrypto, key)));
    await log.close();
  });
});
