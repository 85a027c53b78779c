import { readdirSync, readFileSync, writeFileSync } from "node:fs";
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
  (await log.read(1, 1_000)).map(({ record: { lost, origin, kind } }) =>
    lost ? `lost ${lost.from}-${lost.to}` : (origin?.seq ?? kind),
  );
const plain = (log: SqliteCheckinLog, count: number): Promise<unknown> =>
  log.append(Array.from({ length: count }, () => ({ draft: draft(), tag: null, seal: null })));

describe("one damaged value", () => {
  it.each([
    ["a record", "UPDATE checkins SET record = x'ff' WHERE seq = 3", [1, 2, 4, 5, 6, "lost 3-3"]],
    ["a record of another type", "UPDATE checkins SET record = 7e9 WHERE seq = 3", [1, 2, 4, 5, 6, "lost 3-3"]],
    ["a record in the place of another", "UPDATE checkins SET seq = 30 WHERE seq = 6", [1, 2, 3, 4, 5]],
    ["a row that is gone", "DELETE FROM checkins WHERE seq = 3", [1, 2, 4, 5, 6, "lost 3-3"]],
    ["a batch's hash", "UPDATE checkins SET cut = x'00' WHERE seq = 6", [1, 2, 3, 4, 5, 6]],
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
    expect(await places(again)).toEqual([1, 3, 4, "lost 2-2"]);
    await again.probe();
    await again.close();
  });
});

describe("a salvaged ledger", () => {
  it("names the rows that it lost, and none that the engine has", async () => {
    const folder = tempFolder();
    const log = await openTestLedger(folder);
    for (let n = 0; n < 12; n += 1) await plain(log, 1);
    log.confirm({ upto: 4, hash: (await log.hashAt(4)) as Uint8Array });
    const { epoch } = log.key;
    await log.close();
    await damage(folder, "UPDATE checkins SET record = x'ff' WHERE seq IN (3, 4, 5, 8, 9, 12)");
    const again = await openTestLedger(folder);
    expect(await places(again)).toEqual([1, 2, 6, 7, 10, 11, "lost 5-5", "lost 8-9", "lost 12-12"]);
    const [first] = await again.read(7, 1);
    expect(first?.record).toMatchObject({
      kind: "tombstone",
      lost: { reason: "corrupt_file" },
      origin: { epoch, seq: 13 },
    });
    expect(decodeBatch((await again.nextBatch(0))?.payload as Uint8Array).rows).toHaveLength(9);
    await again.close();
  });

  it("loses the seals of one session when that session's header is damaged, and no others", async () => {
    const folder = tempFolder();
    const log = await openTestLedger(folder);
    for (const { next } of [await sealedAppends(), await sealedAppends(), await sealedAppends()]) {
      await log.append([next(log, "001090000001")]);
      await log.append([next(log, "001090000002")]);
    }
    await log.close();
    await damage(folder, "UPDATE sessions SET header = x'ff' WHERE id = 3");
    const again = await openTestLedger(folder);
    const sealed = (await again.read(1, 10)).map(({ record }) => record.identity !== undefined);
    expect(sealed).toEqual([true, true, false, false, true, true]);
    await again.close();
  });

  it("keeps the day keys, so that who is inside is still known", async () => {
    const folder = tempFolder();
    const log = await openTestLedger(folder);
    await log.saveDayKeys(
      { ...log.dayKeys, n: 7, siteGeneration: 3, previousTagKey: new Uint8Array(32).fill(5) },
      20_000,
    );
    await plain(log, 3);
    const { dayKeys } = log;
    await log.close();
    await damage(folder, "UPDATE checkins SET record = x'ff' WHERE seq = 2");
    const again = await openTestLedger(folder);
    expect({ dayKeys: again.dayKeys, day: again.dayKeysDay }).toEqual({ dayKeys, day: 20_000 });
    await again.close();
  });

  it("leaves nothing half made beside it", async () => {
    const folder = tempFolder();
    const log = await openTestLedger(folder);
    await plain(log, 6);
    await log.close();
    await damage(folder, "UPDATE checkins SET record = x'ff' WHERE seq = 3");
    const again = await openTestLedger(folder);
    await again.close();
    expect(readdirSync(folder).filter((name) => name.includes(".salvage"))).toEqual([]);
  });

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
