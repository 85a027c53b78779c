import { beforeAll, describe, expect, it } from "vitest";
import { MAX_QUARANTINE_ROWS } from "../../../../gateway/spool/group-writer.ts";
import { MAX_STREAMS_PER_DEVICE } from "../../../../gateway/spool/stream-table.ts";
import { genesisHash } from "../../../../protocol/checkin/batch.ts";
import { nodeCrypto } from "../../../../runtime/node-crypto.ts";
import {
  type MadeBatch,
  makeAuthority,
  makeDevice,
  nextEpoch,
  type TestAuthority,
  type TestDevice,
} from "../../../support/batches.ts";
import { openTestSpool, storeReceipt, type TestSpool } from "../../../support/spool.ts";
import { tempFolder } from "../../../support/temp.ts";

const row = { kind: "anchor" } as const;
let authority: TestAuthority;

beforeAll(async () => {
  authority = await makeAuthority();
});

async function batches(device: TestDevice, count: number): Promise<MadeBatch[]> {
  const made: MadeBatch[] = [];
  for (let i = 0; i < count; i += 1) made.push(await device.batch([row, row]));
  return made;
}

async function waiting(spool: TestSpool): Promise<(readonly [number, number])[]> {
  return (await spool.outlet.nextSet(64, new Set())).map(({ from, to }) => [from, to]);
}

async function settle(
  spool: TestSpool,
  device: TestDevice,
  upto: MadeBatch,
  missing: [number, number][] = [],
): Promise<void> {
  const set = await spool.outlet.nextSet(64, new Set());
  const streamId = set.find(({ key }) => key.epoch === device.epoch)?.streamId ?? 1;
  const receipt = storeReceipt(device.key, upto, { missing });
  const delivered = set.filter((one) => one.streamId === streamId);
  await spool.outlet.settle({
    receipts: [{ streamId, receipt, bytes: Buffer.of(upto.batch.to) }],
    delivered,
    refused: [],
  });
}

it("keeps for the engine what came in while a receipt that covers its place was under way", async () => {
  const [device, spool] = [await makeDevice(authority), await openTestSpool(tempFolder())];
  const [first, second] = (await batches(device, 2)) as [MadeBatch, MadeBatch];
  await spool.accept(device, first);
  const set = await spool.outlet.nextSet(64, new Set());
  await spool.accept(device, second);
  const receipt = storeReceipt(device.key, second);
  const receipts = [{ streamId: set[0]?.streamId ?? 0, receipt, bytes: Buffer.of(1) }];
  await spool.outlet.settle({ receipts, delivered: set, refused: [] });
  expect(await waiting(spool)).toEqual([[3, 4]]);
  await settle(spool, device, second);
  expect((await spool.outlet.stats()).batches).toBe(0);
});

/** How far the stream of the last commit goes without a gap. */
async function custodyOf({ inlet, heard }: TestSpool): Promise<number | undefined> {
  return (await inlet.heldOf(heard.slice(-1)))[0]?.custody.upto;
}

describe("a batch at the spool", () => {
  it("is stored byte for byte, in order of arrival", async () => {
    const [device, spool] = [await makeDevice(authority), await openTestSpool(tempFolder())];
    const made = await batches(device, 3);
    const results = await Promise.all(made.map((one) => spool.accept(device, one)));
    expect(results.map(({ kind }) => kind)).toEqual(["stored", "stored", "stored"]);
    const set = await spool.outlet.nextSet(64, new Set());
    expect(set.map(({ body }) => Buffer.from(body))).toEqual(made.map(({ bytes }) => Buffer.from(bytes)));
    expect(await custodyOf(spool)).toBe(6);
  });

  it("is a duplicate when it comes again, in the same commit or later, and is stored once", async () => {
    const [device, spool] = [await makeDevice(authority), await openTestSpool(tempFolder())];
    const [one] = (await batches(device, 1)) as [MadeBatch];
    const results = await Promise.all([spool.accept(device, one), spool.accept(device, one)]);
    expect(results.map(({ kind }) => kind)).toEqual(["stored", "duplicate"]);
    expect((await spool.accept(device, one)).kind).toBe("duplicate");
    expect(await waiting(spool)).toEqual([[1, 2]]);
  });

  it("is a duplicate after a restart too", async () => {
    const [device, folder] = [await makeDevice(authority), tempFolder()];
    const made = await batches(device, 2);
    const before = await openTestSpool(folder);
    for (const one of made) await before.accept(device, one);
    const after = await openTestSpool(folder);
    expect((await after.accept(device, made[0]!)).kind).toBe("duplicate");
    expect((await after.accept(device, made[1]!)).kind).toBe("duplicate");
    expect((await after.accept(device, await device.batch([row]))).kind).toBe("stored");
    expect(await waiting(after)).toEqual([
      [1, 2],
      [3, 4],
      [5, 5],
    ]);
  });

  it("may leave a gap, which a later one fills", async () => {
    const [device, spool] = [await makeDevice(authority), await openTestSpool(tempFolder())];
    const [a, b, c] = (await batches(device, 3)) as [MadeBatch, MadeBatch, MadeBatch];
    await spool.accept(device, a);
    await spool.accept(device, c);
    expect(await custodyOf(spool)).toBe(2);
    expect((await spool.accept(device, b)).kind).toBe("stored");
    expect(await custodyOf(spool)).toBe(6);
  });

  it("may begin anywhere: the gateway may be new", async () => {
    const [device, spool] = [await makeDevice(authority), await openTestSpool(tempFolder())];
    const made = await batches(device, 3);
    expect((await spool.accept(device, made[2]!)).kind).toBe("stored");
    expect(await custodyOf(spool)).toBe(0);
  });

  it.each([
    ["whose seqs are known under another hash", 1],
    ["whose seqs the head has just passed", 2],
  ])("%s is a fork: kept aside, and nothing of the chain changes", async (_title, shared) => {
    const [device, spool] = [await makeDevice(authority), await openTestSpool(tempFolder())];
    for (const one of await batches(device, shared)) await spool.accept(device, one);
    const clone = device.clone();
    const [own, foreign] = [await device.batch([row]), await clone.batch([{ ...row, gate: 9 }])];
    await spool.accept(device, own);
    const verdict = await spool.accept(clone, foreign);
    expect(verdict).toMatchObject({ kind: "fork", agreed: { upto: 2 * shared } });
    expect((await spool.outlet.stats()).quarantined).toEqual({ fork: 1 });
    expect(await waiting(spool)).toHaveLength(shared + 1);
  });

  it("that does not link to the known head is a fork with nothing agreed", async () => {
    const [device, spool] = [await makeDevice(authority), await openTestSpool(tempFolder())];
    const [first] = (await batches(device, 1)) as [MadeBatch];
    const clone = device.clone();
    await spool.accept(device, first);
    await spool.accept(device, await device.batch([row]));
    await clone.batch([{ ...row, gate: 9 }]); // the gateway never sees this one
    const verdict = await spool.accept(clone, await clone.batch([row]));
    const genesis = Buffer.from(genesisHash(nodeCrypto, device.key));
    expect(verdict.kind === "fork" && [verdict.agreed.upto, Buffer.from(verdict.agreed.hash)]).toEqual([0, genesis]);
  });

  it("that fills a gap without linking on both sides is a fork", async () => {
    const [device, spool] = [await makeDevice(authority), await openTestSpool(tempFolder())];
    const [a] = (await batches(device, 1)) as [MadeBatch];
    const clone = device.clone();
    const [, c] = (await batches(device, 2)) as [MadeBatch, MadeBatch];
    await spool.accept(device, a);
    await spool.accept(device, c);
    const wrong = await clone.batch([{ ...row, gate: 9 }, row]);
    expect((await spool.accept(clone, wrong)).kind).toBe("fork");
  });

  it.each([
    ["another device's", "foreign_device", async () => makeDevice(authority, { device: "door-b" })],
    ["another site's", "foreign_device", async () => makeDevice(authority, { site: "market-2" })],
    ["of the presence stream on checkins", "wrong_stream", async () => makeDevice(authority, { stream: "p" })],
  ])("%s is put aside", async (_title, reason, make) => {
    const [door, other, spool] = [await makeDevice(authority), await make(), await openTestSpool(tempFolder())];
    expect(await spool.accept(door, await other.batch([row]))).toEqual({
      kind: "quarantined",
      device: "door-a",
      reason,
    });
    expect((await spool.outlet.stats()).quarantined).toEqual({ [reason]: 1 });
  });

  it("of the presence stream is taken on its own leaf", async () => {
    const [device, spool] = [await makeDevice(authority, { stream: "p" }), await openTestSpool(tempFolder())];
    expect((await spool.accept(device, await device.batch([row]), "presence")).kind).toBe("stored");
  });
});

describe("the quarantine", () => {
  it("keeps its newest rows and counts all", async () => {
    const [device, spool] = [await makeDevice(authority), await openTestSpool(tempFolder())];
    const noise = Array.from({ length: MAX_QUARANTINE_ROWS + 5 }, () =>
      spool.accept(device, { bytes: Buffer.of(1, 2) }),
    );
    expect(new Set((await Promise.all(noise)).map(({ kind }) => kind))).toEqual(new Set(["quarantined"]));
    expect((await spool.outlet.stats()).quarantined).toEqual({ malformed: MAX_QUARANTINE_ROWS + 5 });
    expect(await spool.db.get("SELECT count(*) AS n FROM quarantine")).toEqual({ n: MAX_QUARANTINE_ROWS });
  });

  it("takes the batches of a device that begins new ledger lives without end", async () => {
    const [device, spool] = [await makeDevice(authority), await openTestSpool(tempFolder())];
    for (let i = 0; i < MAX_STREAMS_PER_DEVICE; i += 1) {
      const life = device.reborn({ epoch: nextEpoch() });
      await spool.accept(life, await life.batch([row]));
    }
    const tooMany = device.reborn({ epoch: nextEpoch() });
    const verdict = await spool.accept(tooMany, await tooMany.batch([row]));
    expect(verdict).toMatchObject({ kind: "quarantined", reason: "too_many_epochs" });
  });
});

describe("a store receipt", () => {
  it("deletes what it covers and keeps the rest", async () => {
    const [device, spool] = [await makeDevice(authority), await openTestSpool(tempFolder())];
    const made = await batches(device, 3);
    for (const one of made.slice(0, 2)) await spool.accept(device, one);
    await settle(spool, device, made[1]!);
    await spool.accept(device, made[2]!);
    expect(await waiting(spool)).toEqual([[5, 6]]);
    expect((await spool.outlet.stats()).batches).toBe(1);
    expect(Buffer.from((await spool.outlet.receiptOf(device.key))!)).toEqual(Buffer.of(4));
  });

  it("leaves delivered batches behind a gap, without sending them again", async () => {
    const [device, spool] = [await makeDevice(authority), await openTestSpool(tempFolder())];
    const made = await batches(device, 3);
    await spool.accept(device, made[2]!);
    const set = await spool.outlet.nextSet(64, new Set());
    const receipt = storeReceipt(device.key, made[2]!, { upto: 0, missing: [[1, 4]] });
    await spool.outlet.settle({
      receipts: [{ streamId: set[0]!.streamId, receipt, bytes: Buffer.of(1) }],
      delivered: set,
      refused: [],
    });
    expect(await waiting(spool)).toEqual([]);
    expect((await spool.outlet.stats()).batches).toBe(1);
  });

  it("of a restored engine makes room for batches that were covered before", async () => {
    const [device, spool] = [await makeDevice(authority), await openTestSpool(tempFolder())];
    const made = await batches(device, 3);
    for (const one of made.slice(0, 2)) await spool.accept(device, one);
    await settle(spool, device, made[1]!);
    await spool.accept(device, made[2]!);
    await settle(spool, device, made[0]!); // the backup knows one batch only
    expect((await spool.accept(device, made[1]!)).kind).toBe("stored");
    expect((await waiting(spool)).flat()).toContain(3);
  });

  it("is asked for again when a device repeats what the engine has but no receipt covers", async () => {
    const [device, spool] = [await makeDevice(authority), await openTestSpool(tempFolder())];
    const made = await batches(device, 2);
    await spool.accept(device, made[1]!);
    const set = await spool.outlet.nextSet(64, new Set());
    await spool.outlet.settle({ receipts: [], delivered: set, refused: [] });
    expect(await waiting(spool)).toEqual([]);
    expect((await spool.accept(device, made[1]!)).kind).toBe("duplicate");
    expect(await waiting(spool)).toEqual([[3, 4]]);
  });

  it("still finds a fork at the mark when the batches are gone", async () => {
    const [device, spool] = [await makeDevice(authority), await openTestSpool(tempFolder())];
    const [first] = (await batches(device, 1)) as [MadeBatch];
    const clone = device.clone();
    const second = await device.batch([row, row]);
    for (const one of [first, second]) await spool.accept(device, one);
    await settle(spool, device, second);
    const foreign = await clone.batch([{ ...row, gate: 9 }, row]);
    expect((await spool.accept(clone, foreign)).kind).toBe("fork");
    expect((await spool.accept(device, second)).kind).toBe("duplicate");
  });
});

describe("a commit that fails", () => {
  it("acknowledges nothing and leaves no trace in memory", async () => {
    const [device, spool] = [await makeDevice(authority), await openTestSpool(tempFolder())];
    const [a, b] = (await batches(device, 2)) as [MadeBatch, MadeBatch];
    await spool.accept(device, a);
    await spool.db.exec("CREATE TRIGGER stop BEFORE INSERT ON batches BEGIN SELECT RAISE(ABORT, 'full'); END");
    await expect(spool.accept(device, b)).rejects.toMatchObject({ code: "RT_STORE_FAILED" });
    await spool.db.exec("DROP TRIGGER stop");
    expect((await spool.accept(device, b)).kind).toBe("stored");
    expect(await waiting(spool)).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it("is not spoken for, be it by a stream that grew in the commit before", async () => {
    const [device, spool] = [await makeDevice(authority), await openTestSpool(tempFolder())];
    const [a, b] = (await batches(device, 2)) as [MadeBatch, MadeBatch];
    await spool.accept(device, a);
    await spool.db.exec("CREATE TRIGGER stop BEFORE INSERT ON batches BEGIN SELECT RAISE(ABORT, 'full'); END");
    await expect(spool.accept(device, b)).rejects.toMatchObject({ code: "RT_STORE_FAILED" });
    expect(await spool.inlet.heldOf(spool.heard)).toEqual([]);
    await spool.db.exec("DROP TRIGGER stop");
    await spool.accept(device, a);
    const [held] = await spool.inlet.heldOf(spool.heard);
    expect(held?.custody.upto).toBe(a.batch.to);
  });
});
