import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { turnDay } from "../../../../kiosk/day/day-turn.ts";
import { peekLedger } from "../../../../kiosk/ledger/open-ledger.ts";
import type { SqliteCheckinLog } from "../../../../kiosk/ledger/sqlite-checkin-log.ts";
import type { DayKeys } from "../../../../protocol/checkin/visitor-tag.ts";
import { DAY_MS, type WallMs } from "../../../../protocol/units.ts";
import { nodeCrypto } from "../../../../runtime/node-crypto.ts";
import { Database } from "../../../../runtime/sqlite/database.ts";
import { draft, ledgerOptions, openTestLedger } from "../../../support/ledger.ts";
import { runs } from "../../../support/property-runs.ts";
import { tempFolder } from "../../../support/temp.ts";

const NOON = Date.UTC(2026, 0, 5, 5);
const at = (day: number): WallMs => (NOON + day * DAY_MS) as WallMs;
const scan = (log: SqliteCheckinLog, count: number): Promise<unknown> =>
  Promise.all(Array.from({ length: count }, () => log.append([{ draft: draft(), tag: null, seal: null }])));

/** What somebody finds who takes the card. */
function card(folder: string): Buffer {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Buffer.concat(names.map((entry) => readFileSync(join(entry.parentPath, entry.name))));
}

const holds = (folder: string, keys: DayKeys | undefined): boolean =>
  keys !== undefined && [keys.tagKey, keys.periodKey].some((key) => card(folder).includes(Buffer.from(key)));

describe("keys of days gone by", () => {
  it("are on no part of the card, however quiet or busy the days were and wherever the power was cut", async () => {
    const day = fc.record({ scans: fc.constantFrom(0, 1, 3, 60, 400), cut: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(day, { minLength: 3, maxLength: 6 }), async (days) => {
        let folder = tempFolder();
        let log = await openTestLedger(folder);
        const keys: DayKeys[] = [];
        for (const [number, { scans, cut }] of days.entries()) {
          await turnDay(nodeCrypto, log, at(number));
          keys.push(log.dayKeys);
          await scan(log, scans);
          if (cut) {
            const box = tempFolder();
            cpSync(folder, box, { recursive: true });
            await log.close();
            folder = box;
            log = await openTestLedger(folder);
          }
          expect(holds(folder, keys[number])).toBe(true);
          for (const older of keys.slice(0, Math.max(0, number - 1))) expect(holds(folder, older)).toBe(false);
        }
        await log.close();
      }),
      { numRuns: runs(15) },
    );
  });

  it("go at the next opening when the power was cut between the turn of the day and the wipe", async () => {
    const folder = tempFolder();
    const log = await openTestLedger(folder);
    for (const day of [0, 1]) await turnDay(nodeCrypto, log, at(day));
    const old = log.dayKeys;
    await turnDay(nodeCrypto, log, at(2));
    await scan(log, 1);
    log.wipe = () => Promise.resolve(false);
    await turnDay(nodeCrypto, log, at(3));
    expect(holds(folder, old)).toBe(true);
    const box = tempFolder();
    cpSync(folder, box, { recursive: true });
    await log.close();
    const again = await openTestLedger(box);
    expect(holds(box, old)).toBe(false);
    await again.close();
  });

  it("wait while somebody reads the ledger, and nobody at the door waits with them", async () => {
    const folder = tempFolder();
    const log = await openTestLedger(folder);
    for (const day of [0, 1]) await turnDay(nodeCrypto, log, at(day));
    const old = log.dayKeys;
    await turnDay(nodeCrypto, log, at(2));
    const reader = await Database.open({ file: join(folder, "ledger.db"), readOnly: true });
    await reader.exec("BEGIN");
    await reader.all("SELECT count(*) FROM facts");
    await turnDay(nodeCrypto, log, at(3));
    expect(await log.wipe()).toBe(false);
    await scan(log, 2);
    await reader.close();
    expect(await log.wipe()).toBe(true);
    expect(holds(folder, old)).toBe(false);
    expect(log.lastSeq).toBe(2);
    await log.close();
  });

  it("go from a ledger of an earlier version, which kept them among its other facts", async () => {
    const folder = tempFolder();
    const before = await openTestLedger(folder);
    await turnDay(nodeCrypto, before, at(0));
    const old = before.dayKeys;
    await before.close();
    const database = await Database.open({ file: join(folder, "ledger.db") });
    await database.exec(`INSERT INTO facts SELECT 'day-keys', value FROM day_keys;
      DROP TABLE day_keys; VACUUM; PRAGMA user_version = 2`);
    await database.close();
    const log = await openTestLedger(folder);
    expect(log.dayKeys).toEqual(old);
    for (const day of [1, 2]) await turnDay(nodeCrypto, log, at(day));
    expect(holds(folder, old)).toBe(false);
    await log.close();
  });

  it("go with the damaged ledger that held them, once the day has turned", async () => {
    const folder = tempFolder();
    const log = await openTestLedger(folder);
    await turnDay(nodeCrypto, log, at(0));
    await scan(log, 5);
    await log.close();
    const file = join(folder, "ledger.db");
    const bytes = readFileSync(file);
    bytes.fill(0x5a, 1_024, 2_048);
    writeFileSync(file, bytes);
    const saved = await openTestLedger(folder);
    const aside = (): string[] => readdirSync(folder).filter((name) => name.includes(".corrupt-"));
    await turnDay(nodeCrypto, saved, at(0));
    expect(aside()).not.toEqual([]);
    await turnDay(nodeCrypto, saved, at(1));
    expect(aside()).toEqual([]);
    await saved.close();
  });
});

it("opens a ledger for looking while it is wiped and written", async () => {
  const folder = tempFolder();
  const log = await openTestLedger(folder);
  const peeked = await peekLedger(ledgerOptions(folder));
  for (const day of [0, 1, 2, 3]) await turnDay(nodeCrypto, log, at(day));
  await scan(log, 3);
  expect((await peeked?.logs[0]?.nextBatch(0)) ?? null).toBeNull();
  expect(await log.wipe()).toBe(true);
  await peeked?.close();
  await log.close();
});
