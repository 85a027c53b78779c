import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { SqliteCheckinLog } from "../../../../kiosk/ledger/sqlite-checkin-log.ts";
import { Uplink } from "../../../../kiosk/uplink/uplink.ts";
import { decodeRecord } from "../../../../protocol/checkin/record.ts";
import type { CoseKey } from "../../../../protocol/cose.ts";
import { silentLogger } from "../../../../runtime/log.ts";
import type { Timers } from "../../../../runtime/timers.ts";
import { FakeFarEnd, signingPair } from "../../../support/fake-engine.ts";
import { draft, openTestLedger } from "../../../support/ledger.ts";
import { tempFolder } from "../../../support/temp.ts";
import { waitFor } from "../../../support/wait-for.ts";

describe("Uplink", () => {
  let log: SqliteCheckinLog;
  let far: FakeFarEnd;
  /** Signs like `far`, and delivers nothing. */
  let held: FakeFarEnd;
  let uplink: Uplink;
  let verify: CoseKey;
  /** Timers that a test fires by hand. */
  let fire: (() => void)[];
  /** How long the timers were set for, in order. */
  let waits: number[];

  const timers: Timers = {
    after: (ms, run) => {
      fire.push(run);
      waits.push(ms);
      return () => {
        fire = fire.filter((other) => other !== run);
      };
    },
  };
  const scan = async (): Promise<void> => {
    await log.append([{ draft: draft(), tag: null, seal: null }]);
    uplink.wake();
  };
  const confirmed = (upto: number): Promise<unknown> =>
    waitFor(() => log.watermark.upto === upto, { what: `row ${upto} confirmed` });

  beforeEach(async () => {
    fire = [];
    waits = [];
    log = await openTestLedger(tempFolder());
    const engine = await signingPair();
    verify = engine.verify;
    far = new FakeFarEnd(engine.sign);
    held = new FakeFarEnd(engine.sign);
    const device = await signingPair();
    uplink = new Uplink({
      log,
      transport: far,
      timers,
      signer: { key: device.sign, chain: [] },
      receiptKeys: { engine: verify, gateway: verify },
      logger: silentLogger,
      changed: () => {},
    });
    await far.open({
      up: () => uplink.connection(true),
      down: () => uplink.connection(false),
      message: (_, bytes) => void uplink.receipt(bytes),
    });
    uplink.open();
  });

  afterEach(async () => {
    await uplink.close();
    await log.close();
  });

  it("sends rows in order and lets the ledger forget what was confirmed", async () => {
    far.setOnline(true);
    for (let i = 0; i < 5; i += 1) await scan();
    await confirmed(5);
    expect([...far.received.keys()]).toEqual([1, 2, 3, 4, 5]);
    await uplink.prune();
    expect((await log.sizes()).rows).toBe(0);
  });

  it("sends a backlog in batches of up to 200 rows", async () => {
    await log.append(Array.from({ length: 500 }, () => ({ draft: draft(), tag: null, seal: null })));
    far.setOnline(true);
    await confirmed(500);
    expect(far.batches).toEqual([
      { from: 1, to: 200 },
      { from: 201, to: 400 },
      { from: 401, to: 500 },
    ]);
  });

  it("sends again what was not acknowledged when the line broke", async () => {
    await scan();
    await scan();
    let drops = 2;
    far.onBatch = () => (drops-- > 0 ? "drop" : "ack");
    far.setOnline(true);
    await waitFor(() => drops === 1, { what: "the first drop" });
    far.setOnline(true);
    await waitFor(() => drops === 0, { what: "the second drop" });
    far.setOnline(true);
    await confirmed(2);
  });

  it("keeps rows whose receipt never came, and asks again", async () => {
    far.sendsReceipts = false;
    far.setOnline(true);
    await scan();
    await waitFor(() => far.batches.length === 1, { what: "the first sending" });
    expect(log.watermark.upto).toBe(0);
    far.sendsReceipts = true;
    for (const run of [...fire]) run();
    await confirmed(1);
    expect(far.batches).toHaveLength(2);
  });

  it("takes no broker's word for a row, only the signature of a gateway or the engine", async () => {
    far.sendsReceipts = false;
    far.setOnline(true);
    await scan();
    await waitFor(() => uplink.status.acknowledgedUpto === 1, { what: "the broker's PUBACK" });
    expect(uplink.status).toMatchObject({ custodyUpto: 0, confirmedUpto: 0 });
    Object.assign(far, { sendsReceipts: true, receiptKind: "custody" });
    await scan();
    await waitFor(() => uplink.status.custodyUpto === 2, { what: "the gateway's word" });
    expect(uplink.status).toMatchObject({ acknowledgedUpto: 2, confirmedUpto: 0 });
  });

  it("goes on in a new epoch after a fork, with every unconfirmed row", async () => {
    far.setOnline(true);
    await scan();
    await confirmed(1);
    const old = log.key.epoch;
    far.forkAt = 2;
    await scan();
    await waitFor(() => log.key.epoch !== old, { what: "the new epoch" });
    await confirmed(1);
    expect(uplink.status.forks).toBe(1);
    expect(decodeRecord(far.received.get(1) as Uint8Array).origin).toEqual({ epoch: old, seq: 2 });
  });

  it("waits longer each time before it sends again, although the gateway repeats the engine's last receipt", async () => {
    far.setOnline(true);
    await scan();
    await confirmed(1);
    far.receiptKind = "custody"; // the engine is away
    await scan();
    await waitFor(() => far.batches.length === 2, { what: "the row at the gateway" });
    const last = { ...log.key, kind: "store", upto: 1, chainHash: (await log.hashAt(1)) as Uint8Array } as const;
    const resends: number[] = [];
    for (let sent = 3; sent <= 5; sent += 1) {
      const [due, before] = [fire, waits.length];
      fire = [];
      for (const run of due) run();
      resends.push(Math.min(...waits.slice(before))); // the other timers wait for hours
      await waitFor(() => far.batches.length === sent, { what: "the row sent again" });
      await uplink.receipt(await held.answer(last));
    }
    expect(resends).toEqual([120_000, 240_000, 480_000]);
  });

  it("sends rows again that a restored engine no longer knows", async () => {
    far.setOnline(true);
    for (let i = 0; i < 4; i += 1) await scan();
    await confirmed(4);
    const sent = far.batches.length;
    await far.answer({ ...log.key, kind: "store", upto: 2, chainHash: (await log.hashAt(2)) as Uint8Array });
    await waitFor(() => far.batches.length > sent, { what: "the rows sent again" });
    await confirmed(4);
  });

  it("sends the whole backlog that a fork leaves, however large", async () => {
    await log.append(Array.from({ length: 5_000 }, () => ({ draft: draft(), tag: null, seal: null })));
    await log.startEpoch();
    far.setOnline(true);
    await confirmed(5_000);
    expect(far.batches.at(-1)?.to).toBe(5_000);
  });

  it("takes back no confirmation for an older receipt that comes late", async () => {
    for (let i = 0; i < 4; i += 1) await scan();
    const hashes = await Promise.all([1, 2, 3, 4].map((seq) => log.hashAt(seq)));
    const storeOf = (upto: number): Promise<Uint8Array> =>
      held.answer({ ...log.key, kind: "store", upto, chainHash: hashes[upto - 1] as Uint8Array });
    const [older, newer] = [await storeOf(2), await storeOf(4)];
    await Promise.all([uplink.receipt(newer), uplink.receipt(older)]);
    expect(log.watermark.upto).toBe(4);
  });

  it("believes no receipt of another key, of another chain, or of noise", async () => {
    const stranger = new FakeFarEnd((await signingPair()).sign);
    await scan();
    await log.cutPending();
    const hash = (await log.hashAt(1)) as Uint8Array;
    await uplink.receipt(await stranger.answer({ ...log.key, kind: "store", upto: 1, chainHash: hash }));
    await uplink.receipt(await far.answer({ ...log.key, kind: "store", upto: 1, chainHash: new Uint8Array(32) }));
    await uplink.receipt(new Uint8Array([1, 2, 3]));
    expect(log.watermark.upto).toBe(0);
    await uplink.receipt(await far.answer({ ...log.key, kind: "store", upto: 1, chainHash: hash }));
    expect(log.watermark.upto).toBe(1);
  });
});
