import { cpSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { SqliteCheckinLog } from "../../../../kiosk/ledger/sqlite-checkin-log.ts";
import { batchHash, decodeBatch, genesisHash } from "../../../../protocol/checkin/batch.ts";
import { decodeMatch } from "../../../../protocol/checkin/envelope.ts";
import { decodeRecord } from "../../../../protocol/checkin/record.ts";
import { EnvelopeOpener } from "../../../../protocol/checkin/sealing.ts";
import { packVenueId } from "../../../../protocol/checkin/venue-bytes.ts";
import { nodeCrypto } from "../../../../runtime/node-crypto.ts";
import { draft, openTestLedger, sealedAppends } from "../../../support/ledger.ts";
import { tempFolder } from "../../../support/temp.ts";

const plain = (log: SqliteCheckinLog, count: number): Promise<unknown> =>
  Promise.all(Array.from({ length: count }, () => log.append([{ draft: draft(), tag: null, seal: null }])));

describe("SqliteCheckinLog", () => {
  it("numbers rows from 1 without a gap, also when they arrive together", async () => {
    const log = await openTestLedger(tempFolder());
    await plain(log, 50);
    await plain(log, 1);
    expect((await log.read(1, 100)).map((row) => row.record.seq)).toEqual(Array.from({ length: 51 }, (_, i) => i + 1));
    await log.close();
  });

  it("keeps rows, numbering, chain and day keys over a restart", async () => {
    const folder = tempFolder();
    const first = await openTestLedger(folder);
    await plain(first, 3);
    const { key, dayKeys } = first;
    const hash = await first.hashAt(3);
    await first.close();
    const again = await openTestLedger(folder);
    expect(again.key).toEqual(key);
    expect(again.dayKeys).toEqual(dayKeys);
    expect(await again.hashAt(3)).toEqual(hash);
    await plain(again, 1);
    expect((await again.read(4, 1))[0]?.record.seq).toBe(4);
    await again.close();
  });

  it("chains batches whose bounds and bytes never change", async () => {
    const folder = tempFolder();
    const log = await openTestLedger(folder);
    await plain(log, 450);
    await plain(log, 7);
    await log.cutPending();
    const walk = async (from: SqliteCheckinLog): Promise<Uint8Array[]> => {
      const payloads: Uint8Array[] = [];
      let previous = genesisHash(nodeCrypto, from.key);
      for (let seq = 0; ; ) {
        const batch = await from.nextBatch(seq);
        if (!batch) return payloads;
        const decoded = decodeBatch(batch.payload);
        expect(decoded.from).toBe(seq + 1);
        expect(decoded.previousHash).toEqual(previous);
        expect(decoded.rows.length).toBeLessThanOrEqual(200);
        previous = batchHash(nodeCrypto, batch.payload);
        seq = batch.to;
        payloads.push(batch.payload);
      }
    };
    const before = await walk(log);
    await log.close();
    const again = await openTestLedger(folder);
    expect(await walk(again)).toEqual(before);
    expect(before.flatMap((payload) => decodeBatch(payload).rows)).toHaveLength(457);
    await again.close();
  });

  it("deletes only what the engine confirmed, and goes on numbering after it", async () => {
    const folder = tempFolder();
    const log = await openTestLedger(folder);
    for (let i = 0; i < 3; i += 1) await plain(log, 1);
    expect(await log.prune(3)).toBe(0);
    log.confirm({ upto: 2, hash: (await log.hashAt(2)) as Uint8Array });
    expect(await log.prune(3)).toBe(2);
    log.confirm({ upto: 3, hash: (await log.hashAt(3)) as Uint8Array });
    expect(await log.prune(3)).toBe(1);
    await log.close();
    const again = await openTestLedger(folder);
    await plain(again, 1);
    const batch = await again.nextBatch(3);
    expect(batch).toMatchObject({ from: 4, to: 4 });
    await again.close();
  });

  it("issues unconfirmed rows again in a new epoch, with seals that still open", async () => {
    const folder = tempFolder();
    const log = await openTestLedger(folder);
    const { next, matchKey } = await sealedAppends();
    await log.append([next(log, "001090000001")]);
    await log.append([next(log, "001090000002")]);
    log.confirm({ upto: 1, hash: (await log.hashAt(1)) as Uint8Array });
    const old = log.key.epoch;
    expect(await log.startEpoch()).toBe(1);
    expect(log.key.epoch).not.toBe(old);
    await log.cutPending();
    const batch = decodeBatch((await log.nextBatch(0))?.payload as Uint8Array);
    const record = decodeRecord(batch.rows[0] as Uint8Array);
    expect(record).toMatchObject({ seq: 1, origin: { epoch: old, seq: 2 } });
    const opener = new EnvelopeOpener(nodeCrypto, "match", matchKey);
    const header = batch.sessions[0];
    if (!header || !record.identity) throw new Error("the batch lost its session");
    await opener.admit(header);
    const place = { device: batch.device, epoch: old, stream: batch.stream, seq: 2, kind: record.kind };
    expect(decodeMatch(opener.open(header, record.identity, place))).toEqual({ scheme: "cccd", id: "001090000002" });
    await log.close();
  });

  it("starts a new epoch when the card was moved to another machine", async () => {
    const folder = tempFolder();
    const log = await openTestLedger(folder);
    await plain(log, 2);
    const { epoch } = log.key;
    await log.close();
    const copy = tempFolder();
    cpSync(folder, copy, { recursive: true });
    const moved = await openTestLedger(copy, { home: { socSerial: "999", cardCid: "200" } });
    expect(moved.key.epoch).not.toBe(epoch);
    expect((await moved.read(1, 10)).map((row) => row.record.origin)).toEqual([1, 2].map((seq) => ({ epoch, seq })));
    await moved.close();
    const home = await openTestLedger(folder);
    expect(home.key.epoch).toBe(epoch);
    await home.close();
  });

  it("renames a damaged file, salvages its rows and keeps serving", async () => {
    const folder = tempFolder();
    const log = await openTestLedger(folder);
    await plain(log, 400);
    const { epoch } = log.key;
    await log.close();
    const file = join(folder, "ledger.db");
    const bytes = readFileSync(file);
    const venue = packVenueId(draft().venue); // stands in every row: a page that holds it is one of the table's
    const page = Math.floor(bytes.indexOf(venue, bytes.indexOf(venue) + 4_096) / 1_024);
    bytes.fill(0xa5, page * 1_024, (page + 1) * 1_024);
    writeFileSync(file, bytes);
    const again = await openTestLedger(folder);
    const rows = await again.read(1, 1_000);
    expect(again.key.epoch).not.toBe(epoch);
    expect(rows.length).toBeGreaterThan(300);
    expect(rows.length).toBeLessThan(400);
    expect(rows.every((row) => row.record.origin?.epoch === epoch)).toBe(true);
    await plain(again, 1);
    await again.close();
  });

  it("opens a new ledger when the file is no database at all", async () => {
    const folder = tempFolder();
    const log = await openTestLedger(folder);
    await log.close();
    truncateSync(join(folder, "ledger.db"), 100);
    const again = await openTestLedger(folder);
    await plain(again, 1);
    await again.close();
  });

  it("evicts oldest rows first and names every unconfirmed one", async () => {
    const log = await openTestLedger(tempFolder());
    for (let i = 0; i < 10; i += 1) await plain(log, 1);
    log.confirm({ upto: 2, hash: (await log.hashAt(2)) as Uint8Array });
    const counts = await log.evict({ rows: 7, custodyUpto: 5, tombstone: draft({ scheme: "none", evidence: "none" }) });
    expect(counts).toEqual({ receipted: 2, custody: 3, lost: 2 });
    const rows = await log.read(1, 100);
    expect(rows[0]?.record.seq).toBe(8);
    expect(rows.at(-1)?.record).toMatchObject({
      seq: 11,
      kind: "tombstone",
      lost: { from: 6, to: 7, reason: "disk_full" },
    });
    await log.close();
  });
});
