import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { StreamLog } from "../../../../kiosk/ledger/checkin-log.ts";
import type { SqliteCheckinLog } from "../../../../kiosk/ledger/sqlite-checkin-log.ts";
import { decodeBatch } from "../../../../protocol/checkin/batch.ts";
import { decodeMatch } from "../../../../protocol/checkin/envelope.ts";
import { decodeRecord } from "../../../../protocol/checkin/record.ts";
import { EnvelopeOpener } from "../../../../protocol/checkin/sealing.ts";
import { nodeCrypto } from "../../../../runtime/node-crypto.ts";
import { Database, StoreCorruptError } from "../../../../runtime/sqlite/database.ts";
import { draft, openTestLedger, sealedAppends } from "../../../support/ledger.ts";
import { tempFolder } from "../../../support/temp.ts";

/** Makes the file fail its own check, and leaves every row in it: a freelist that leads nowhere. */
function breakFreelist(folder: string): void {
  const file = join(folder, "ledger.db");
  const bytes = readFileSync(file);
  bytes.writeUInt32BE(0xffffffff, 32);
  writeFileSync(file, bytes);
}

/** Changes what stands in a ledger, closed or not, in a way that SQLite's own check takes for sound. */
async function damage(folder: string, sql: string): Promise<void> {
  const database = await Database.open({ file: join(folder, "ledger.db") });
  await database.exec(sql);
  expect(await database.all("PRAGMA quick_check")).toEqual([{ quick_check: "ok" }]);
  await database.close();
}

const places = async (log: StreamLog): Promise<unknown[]> =>
  (await log.read(1, 1_000)).map(({ record }) => record.origin?.seq ?? record.kind);
const plain = (log: SqliteCheckinLog, count: number): Promise<unknown> =>
  log.append(Array.from({ length: count }, () => ({ draft: draft(), tag: null, seal: null })));

describe("one damaged value", () => {
  it.each([
    ["a record", "UPDATE checkins SET record = x'ff' WHERE seq = 3", [1, 2, 4, 5, 6]],
    ["a record of another type", "UPDATE checkins SET record = 7e9 WHERE seq = 3", [1, 2, 4, 5, 6]],
    ["a record in the place of another", "UPDATE checkins SET seq = 30 WHERE seq = 6", [1, 2, 3, 4, 5]],
    ["a row that is gone", "DELETE FROM checkins WHERE seq = 3", [1, 2, 4, 5, 6]],
    ["a batch's hash", "UPDATE checkins SET cut = x'00' WHERE seq = 6", [1, 2, 3, 4, 5]],
    ["the watermark", "UPDATE facts SET value = x'ff' WHERE name = 'watermark'", [1, 2, 3, 4, 5, 6]],
    [
      "a watermark of rows to come",
      "UPDATE facts SET value = x'8218ff5820' || zeroblob(32) WHERE name = 'watermark'",
      [1, 2, 3, 4, 5, 6],
    ],
    ["the epoch", "UPDATE facts SET value = x'6161' WHERE name = 'epoch'", [1, 2, 3, 4, 5, 6]],
    ["the name of a fact", "UPDATE facts SET name = 'epocg' WHERE name = 'epoch'", [1, 2, 3, 4, 5, 6]],
    ["the day keys", "UPDATE day_keys SET value = x'00'", [1, 2, 3, 4, 5, 6]],
  ])("does not close the door: %s", async (_, sql, kept) => {
    const folder = tempFolder();
    const log = await openTestLedger(folder);
    await plain(log, 6);
    const { epoch } = log.key;
    await log.close();
    await damage(folder, sql);
    const again = await openTestLedger(folder);
    expect(again.key.epoch).not.toBe(epoch);
    expect(await places(again)).toEqual(kept);
    await plain(again, 1);
    await again.close();
  });

  it("met while the kiosk runs fails the question of the watchdog, and the next opening heals it", async () => {
    const folder = tempFolder();
    const log = await openTestLedger(folder);
    await plain(log, 3);
    await log.probe();
    await damage(folder, "UPDATE checkins SET record = x'ff' WHERE seq = 2");
    await expect(log.nextBatch(0)).rejects.toMatchObject({ code: "RT_STORE_CORRUPT", details: { seq: 2 } });
    await expect(log.probe()).rejects.toThrow(StoreCorruptError);
    await plain(log, 1); // the door serves until then
    await log.close();
    const again = await openTestLedger(folder);
    expect(await places(again)).toEqual([1, 3, 4]);
    await again.probe();
    await again.close();
  });
});

describe("a salvaged ledger", () => {
  it("holds seals that still open when the epoch had changed while the kiosk ran", async () => {
    const folder = tempFolder();
    const log = await openTestLedger(folder);
    const { next, matchKey } = await sealedAppends();
    await log.startEpoch();
    await log.presence.startEpoch();
    await log.append([next(log, "001090000001")]);
    const { epoch } = log.key;
    await log.close();
    breakFreelist(folder);
    const again = await openTestLedger(folder);
    const batch = decodeBatch((await again.nextBatch(0))?.payload as Uint8Array);
    const { identity, origin, kind } = decodeRecord(batch.rows[0] as Uint8Array);
    expect(origin).toEqual({ epoch, seq: 1 });
    const header = batch.sessions[0];
    if (!header || !identity || !origin) throw new Error("the row lost its seal");
    const opener = new EnvelopeOpener(nodeCrypto, "match", matchKey);
    await opener.admit(header);
    const place = { device: batch.device, stream: batch.stream, ...origin, kind };
    expect(decodeMatch(opener.open(header, identity, place))).toEqual({ scheme: "cccd", id: "001090000001" });
    await again.close();
  });
});
