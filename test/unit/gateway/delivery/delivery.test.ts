import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { EngineAnswerError } from "../../../../gateway/app.ts";
import { Delivery } from "../../../../gateway/delivery/delivery.ts";
import { fromBase64Url } from "../../../../protocol/bytes.ts";
import { decodeReceipt } from "../../../../protocol/checkin/receipt.ts";
import { importSigningKey, parseCose1 } from "../../../../protocol/cose.ts";
import type { SafeDetails } from "../../../../protocol/errors.ts";
import type { WallMs } from "../../../../protocol/units.ts";
import { silentLogger } from "../../../../runtime/log.ts";
import { rawKeyPair } from "../../../../runtime/pki/chain.ts";
import { makeAuthority, makeDevice, type TestAuthority, type TestDevice } from "../../../support/batches.ts";
import { makeSite, type TestSite } from "../../../support/gateway-site.ts";
import { ManualTimers } from "../../../support/manual-timers.ts";
import { openTestSpool, type TestSpool } from "../../../support/spool.ts";
import { StubEngine } from "../../../support/stub-engine.ts";
import { tempFolder } from "../../../support/temp.ts";

const row = { kind: "anchor" } as const;
let site: TestSite;
let authority: TestAuthority;

beforeAll(async () => {
  [site, authority] = [await makeSite(), await makeAuthority()];
});

describe("delivery", () => {
  let spool: TestSpool;
  let engine: StubEngine;
  let timers: ManualTimers;
  let delivery: Delivery;
  let alarms: string[];
  let relayed: { device: string; kind: string; upto: number }[];

  beforeEach(async () => {
    [spool, engine, timers] = [
      await openTestSpool(tempFolder()),
      await StubEngine.create(site),
      new ManualTimers(1e12),
    ];
    [alarms, relayed] = [[], []];
    delivery = new Delivery({
      outlet: spool.outlet,
      engine,
      receiptKey: site.identity.receiptKey,
      backoff: { firstMs: 100, maxMs: 1_000 },
      random: () => 0.999,
      now: () => timers.nowMs as WallMs,
      timers,
      log: silentLogger,
      alarm: (event: string, _fields: SafeDetails) => alarms.push(event),
      relay: (device, bytes) => {
        const { kind, upto } = decodeReceipt(parseCose1(bytes).payload);
        relayed.push({ device, kind, upto });
      },
    });
  });

  async function run(): Promise<void> {
    delivery.wake();
    await delivery.idle();
  }

  async function spoolUp(device: TestDevice, count: number): Promise<void> {
    for (let i = 0; i < count; i += 1) await spool.accept(device, await device.batch([row]));
  }

  const left = async (): Promise<number> => (await spool.outlet.stats()).batches;

  it("posts in order, deletes what the receipt covers and relays one receipt a stream", async () => {
    const [a, b] = [await makeDevice(authority), await makeDevice(authority, { device: "door-b" })];
    await spoolUp(a, 3);
    await spoolUp(b, 2);
    await run();
    expect(engine.stored).toEqual(["door-a 1", "door-a 2", "door-a 3", "door-b 1", "door-b 2"]);
    expect(relayed).toEqual([
      { device: "door-a", kind: "store", upto: 3 },
      { device: "door-b", kind: "store", upto: 2 },
    ]);
    expect([await left(), delivery.status.deliveredBatches]).toEqual([0, 5]);
  });

  it("waits longer after each failure up to the bound, and drains in order when the engine is back", async () => {
    const device = await makeDevice(authority);
    await spoolUp(device, 70);
    engine.down = true;
    const waits: number[] = [];
    await run();
    for (let attempt = 0; attempt < 6; attempt += 1) {
      waits.push(timers.pending[0] ?? -1);
      timers.advance(waits.at(-1) as number);
      await delivery.idle();
    }
    expect(waits).toEqual([100, 200, 400, 799, 999, 999]);
    expect(delivery.status).toMatchObject({ engineReachable: false, failures: 7 });
    engine.down = false;
    timers.advance(1_000);
    await delivery.idle();
    expect(engine.stored).toEqual(Array.from({ length: 70 }, (_, at) => `door-a ${at + 1}`));
    expect([await left(), delivery.status.engineReachable]).toEqual([0, true]);
  });

  it("does not ask a silent engine more often because new batches come in", async () => {
    const device = await makeDevice(authority);
    await spoolUp(device, 1);
    engine.down = true;
    await run();
    for (let i = 0; i < 5; i += 1) await run();
    expect(delivery.status.failures).toBe(1);
  });

  it("finds the batch that spoils a whole request, holds its stream, and lets the others pass", async () => {
    const [good, bad] = [await makeDevice(authority), await makeDevice(authority, { device: "door-b" })];
    await spoolUp(good, 10);
    await spoolUp(bad, 2);
    await spoolUp(good, 10);
    engine.onRequest = (batches) => {
      const spoiled = batches.some((bytes) => Buffer.from(bytes).includes("door-b"));
      if (spoiled) throw new EngineAnswerError("500", { status: 500 });
    };
    await run();
    expect(engine.stored).toEqual(Array.from({ length: 20 }, (_, at) => `door-a ${at + 1}`));
    expect([await left(), delivery.status.heldStreams]).toEqual([2, 1]);
    engine.onRequest = () => {};
    timers.advance(2_000);
    await delivery.idle();
    expect([await left(), delivery.status.heldStreams]).toEqual([0, 0]);
  });

  it.each(["forged", "of another stream", "of the wrong kind", "missing", "not base64"])(
    "ignores and alarms a receipt that is %s: nothing is deleted, nothing relayed, and it is asked again later",
    async (how) => {
      const [device, other] = [await makeDevice(authority), await makeDevice(authority, { device: "door-b" })];
      await spoolUp(device, 1);
      const forger = await importSigningKey(rawKeyPair(site.root.privateKeyPem));
      engine.onBatch = async (batch) => {
        const claim = { ...batch, kind: "store" as const, upto: 99, chainHash: batch.previousHash };
        if (how === "missing") return { verdict: "stored" };
        if (how === "not base64") return { verdict: "stored", receipt: "%%%" };
        if (how === "of another stream")
          return { verdict: "stored", receipt: await engine.sign({ ...claim, epoch: other.epoch }) };
        if (how === "of the wrong kind")
          return { verdict: "stored", receipt: await engine.sign({ ...claim, kind: "custody" }) };
        return { verdict: "stored", receipt: await engine.sign(claim, forger) };
      };
      await run();
      expect([await left(), relayed, alarms]).toEqual([1, [], ["receipt.untrusted"]]);
      engine.onBatch = () => null;
      timers.advance(200);
      await delivery.idle();
      expect([await left(), relayed.length]).toEqual([0, 1]);
    },
  );

  it("puts a refused batch aside and goes on", async () => {
    const device = await makeDevice(authority);
    await spoolUp(device, 3);
    engine.onBatch = (batch) => (batch.from === 2 ? { verdict: "refused", reason: "malformed" } : null);
    await run();
    expect(alarms).toEqual(["batch.refused"]);
    expect((await spool.outlet.stats()).quarantined).toEqual({ refused: 1 });
    expect((await spool.outlet.nextSet(64, new Set())).length).toBe(0);
  });

  it("puts a forked batch aside and relays the engine's word to the kiosk", async () => {
    const device = await makeDevice(authority);
    await spoolUp(device, 1);
    engine.onBatch = async (batch) => ({
      verdict: "fork",
      receipt: await engine.sign({ ...batch, kind: "fork", upto: 0, chainHash: batch.previousHash }),
    });
    await run();
    expect(relayed).toEqual([{ device: "door-a", kind: "fork", upto: 0 }]);
    expect([(await spool.outlet.stats()).quarantined, await left()]).toEqual([{ fork: 1 }, 0]);
  });

  it("does not believe a fork that the engine did not sign", async () => {
    const device = await makeDevice(authority);
    await spoolUp(device, 1);
    engine.onBatch = () => ({ verdict: "fork" });
    await run();
    expect([await left(), alarms]).toEqual([1, ["receipt.untrusted"]]);
  });

  it("keeps each request within its bounds", async () => {
    const device = await makeDevice(authority);
    await spoolUp(device, 130);
    await run();
    expect(engine.requests).toEqual([64, 64, 2]);
  });

  it("relays the receipt byte for byte", async () => {
    const device = await makeDevice(authority);
    await spoolUp(device, 1);
    let sent = "";
    engine.onBatch = async (batch) => {
      sent = await engine.sign({ ...batch, kind: "store", upto: 1, chainHash: batch.previousHash });
      return { verdict: "stored", receipt: sent };
    };
    await run();
    expect(Buffer.from((await spool.outlet.receiptOf(device.key))!)).toEqual(Buffer.from(fromBase64Url(sent)));
  });
});
