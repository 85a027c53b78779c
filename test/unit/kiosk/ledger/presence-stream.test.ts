import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { decodeBatch } from "../../../../protocol/checkin/batch.ts";
import { decodeRecord } from "../../../../protocol/checkin/record.ts";
import { draft, openTestLedger } from "../../../support/ledger.ts";
import { tempFolder } from "../../../support/temp.ts";

const row = (kind: "in" | "presence") => ({ draft: draft({ kind }), tag: null, seal: null });
const heard = (n: number) => Array.from({ length: n }, () => row("presence"));

async function open(folder = tempFolder(), change: Parameters<typeof openTestLedger>[1] = {}) {
  const log = await openTestLedger(join(folder, "ledger"), change);
  onTestFinished(() => log.close().catch(() => undefined)); // some tests close it themselves
  return { log, folder };
}

describe("the stream of presence", () => {
  it("numbers and chains its rows apart from check-ins, in one file", async () => {
    const { log, folder } = await open();
    await log.append([row("in")]);
    await log.presence.append(heard(3));
    await log.append([row("in")]);
    expect([log.lastSeq, log.presence.lastSeq]).toEqual([2, 3]);
    const batch = decodeBatch((await log.presence.nextBatch(0))?.payload ?? new Uint8Array());
    expect([batch.stream, batch.from, batch.to, batch.epoch]).toEqual(["p", 1, 3, log.presence.key.epoch]);
    expect(batch.rows.map((bytes) => decodeRecord(bytes).kind)).toEqual(["presence", "presence", "presence"]);
    expect(readdirSync(join(folder, "ledger")).filter((name) => name.endsWith(".db"))).toEqual(["ledger.db"]);
  });

  it("is there again after a restart, with what was confirmed", async () => {
    const { log, folder } = await open();
    await log.presence.append(heard(2));
    const { epoch } = log.presence.key;
    const batch = await log.presence.nextBatch(0);
    log.presence.confirm({ upto: 2, hash: batch?.hash ?? new Uint8Array() });
    await log.close();
    const again = (await open(folder)).log;
    expect([again.presence.key.epoch, again.presence.lastSeq, again.presence.watermark.upto]).toEqual([epoch, 2, 2]);
    expect(await again.presence.prune(2)).toBe(2);
    await again.presence.append(heard(1));
    expect(again.presence.lastSeq).toBe(3);
  });

  it("names what it had to give up by a tombstone of its own, and leaves check-ins alone", async () => {
    const { log } = await open();
    await log.append([row("in")]);
    for (let n = 0; n < 3; n += 1) await log.presence.append(heard(2));
    const gone = await log.presence.evict({ rows: 3, custodyUpto: 0, tombstone: draft({ kind: "tombstone" }) });
    expect(gone).toEqual({ receipted: 0, custody: 0, lost: 4 });
    const left = await log.presence.read(1, 10);
    expect(left.map(({ record }) => [record.seq, record.kind])).toEqual([
      [5, "presence"],
      [6, "presence"],
      [7, "tombstone"],
    ]);
    expect(left.at(-1)?.record.lost).toEqual({ from: 1, to: 4, reason: "disk_full" });
    expect((await log.read(1, 10)).map(({ record }) => record.kind)).toEqual(["in"]);
  });

  it("gives up only what is safe elsewhere when asked to", async () => {
    const { log } = await open();
    for (let n = 0; n < 3; n += 1) await log.presence.append(heard(2));
    const ask = { rows: 100, custodyUpto: 4, safeOnly: true, tombstone: draft({ kind: "tombstone" }) };
    expect(await log.presence.evict(ask)).toEqual({ receipted: 0, custody: 4, lost: 0 });
    expect(await log.presence.evict(ask)).toEqual({ receipted: 0, custody: 0, lost: 0 });
    expect((await log.presence.sizes()).rows).toBe(2);
  });

  it("forks without check-ins, and both streams fork on another machine", async () => {
    const { log, folder } = await open();
    await log.append([row("in")]);
    await log.presence.append(heard(2));
    const before = [log.key.epoch, log.presence.key.epoch];
    expect(await log.presence.startEpoch()).toBe(2);
    expect(log.key.epoch).toBe(before[0]);
    expect(log.presence.key.epoch).not.toBe(before[1]);
    expect((await log.presence.read(1, 5)).map(({ record }) => record.origin)).toEqual([
      { epoch: before[1], seq: 1 },
      { epoch: before[1], seq: 2 },
    ]);
    const forked = log.presence.key.epoch;
    await log.close();
    const moved = (await open(folder, { home: { socSerial: "999", cardCid: "200" } })).log;
    expect(moved.key.epoch).not.toBe(before[0]);
    expect(moved.presence.key.epoch).not.toBe(forked);
    expect([moved.lastSeq, moved.presence.lastSeq]).toEqual([1, 2]);
  });

  it("is salvaged from a damaged file like check-ins, sealed for where it stood", async () => {
    const { log, folder } = await open();
    await log.append([row("in")]);
    await log.presence.append(heard(2));
    const { epoch } = log.presence.key;
    await log.close();
    const file = join(folder, "ledger", "ledger.db");
    const bytes = readFileSync(file);
    bytes.fill(0xaa, bytes.length - 1_024); // a page of nobody, or of the last table
    bytes.writeUInt32BE(0xffffffff, 32); // a freelist that leads nowhere fails the check
    writeFileSync(file, bytes);
    const again = (await open(folder)).log;
    expect(again.presence.key.epoch).not.toBe(epoch);
    const rows = await again.presence.read(1, 10);
    expect(rows.map(({ record }) => record.origin)).toEqual([
      { epoch, seq: 1 },
      { epoch, seq: 2 },
    ]);
  });
});
