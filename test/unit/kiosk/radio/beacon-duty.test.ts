import { describe, expect, it } from "vitest";
import type { DeviceTime } from "../../../../firmware/ports/device-clock.ts";
import { BeaconDuty } from "../../../../kiosk/radio/beacon-duty.ts";
import { Neighbours } from "../../../../kiosk/radio/neighbours.ts";
import { Counters } from "../../../../kiosk/scan/counters.ts";
import { type OwnAdvertisement, parseAdvertisement } from "../../../../protocol/beacon/advertisement.ts";
import { beaconId, rotationInterval } from "../../../../protocol/beacon/rotating-id.ts";
import { toHex } from "../../../../protocol/bytes.ts";
import { firstDayKeys, nextDayKeys, publishedPeriodKey } from "../../../../protocol/checkin/visitor-tag.ts";
import type { BoottimeMs, Dbm, WallMs } from "../../../../protocol/units.ts";
import { silentLogger } from "../../../../runtime/log.ts";
import { nodeCrypto } from "../../../../runtime/node-crypto.ts";
import { MemoryBeaconTx } from "../../../../sim/devices/memory-radio.ts";
import { testBoot } from "../../../support/ledger.ts";
import { ManualTimers } from "../../../support/manual-timers.ts";

const START = Date.UTC(2026, 10, 16, 2, 3, 20);

async function rig(state: DeviceTime["state"] = "ntp") {
  const timers = new ManualTimers();
  const beacon = new MemoryBeaconTx();
  const log = { dayKeys: firstDayKeys(nodeCrypto, new Uint8Array(32).fill(5)) };
  const counters = new Counters();
  const neighbours = new Neighbours();
  const clockState = { state };
  const now = (): DeviceTime => ({
    bootId: testBoot,
    boottimeMs: timers.nowMs as BoottimeMs,
    wallMs: (START + timers.nowMs) as WallMs,
    state: clockState.state,
    uncertaintyMs: 50,
  });
  const duty = new BeaconDuty({
    beacon,
    crypto: nodeCrypto,
    log,
    clock: { now, adjust: () => {} },
    timers,
    neighbours,
    txPower: -8 as Dbm,
    counters,
    logger: silentLogger,
  });
  await duty.open();
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    beacon,
    log,
    counters,
    neighbours,
    clockState,
    duty,
    wait: async (ms: number) => {
      for (let left = ms; left > 0; left -= 1_000) {
        timers.advance(Math.min(left, 1_000));
        await settle();
      }
    },
    sent: () => parseAdvertisement(beacon.onAir ?? new Uint8Array()) as OwnAdvertisement | null,
    wanted: () =>
      toHex(
        beaconId(nodeCrypto, publishedPeriodKey(nodeCrypto, log.dayKeys.periodKey), rotationInterval(now().wallMs)),
      ),
  };
}

const id = (sent: OwnAdvertisement | null): string => toHex(sent?.id ?? new Uint8Array());

describe("the beacon", () => {
  it("sends the identifier of now, under the key that the screen's code goes by", async () => {
    const { sent, wanted, duty } = await rig();
    expect(sent()).toMatchObject({ kind: "kiosk", txPower: -8, echo: null });
    expect(id(sent())).toBe(wanted());
    expect(duty.controller).toBe("on");
  });

  it("changes it at each ten minutes of the wall clock, never silent and never early", async () => {
    const { sent, wanted, beacon, wait } = await rig();
    const ids = new Set<string>();
    for (let second = 0; second < 3_600; second += 1) {
      await wait(1_000);
      expect(beacon.onAir).not.toBeNull();
      expect(id(sent())).toBe(wanted());
      ids.add(id(sent()));
    }
    expect(ids.size).toBe(7); // an hour from 02:03:20 touches seven intervals
    expect(beacon.advertised).toBe(7);
  });

  it("changes it when the day's key has changed, without falling silent", async () => {
    const { sent, wanted, log, beacon, duty } = await rig();
    const before = id(sent());
    log.dayKeys = nextDayKeys(nodeCrypto, log.dayKeys);
    await duty.refresh();
    expect(id(sent())).toBe(wanted());
    expect(id(sent())).not.toBe(before);
    expect(beacon.advertised).toBe(2);
  });

  it("sends again when the controller has stopped, and says so until then", async () => {
    const { beacon, wait, duty, counters, sent, wanted } = await rig();
    beacon.silence();
    expect(duty.controller).toBe("off");
    await wait(10_000);
    expect(duty.controller).toBe("on");
    expect(id(sent())).toBe(wanted());
    expect(counters.all()["beacon.readvertised"]).toBe(1);
  });

  it("goes on trying while the radio is away, and says nothing kind meanwhile", async () => {
    const { beacon, wait, duty, sent, wanted } = await rig();
    beacon.unplug();
    await wait(700_000);
    expect(duty.controller).toBe("off");
    beacon.plug();
    await wait(10_000);
    expect(duty.controller).toBe("on");
    expect(id(sent())).toBe(wanted());
  });

  it("is silent without a trusted clock, and speaks as soon as there is one", async () => {
    const { beacon, clockState, wait, duty } = await rig("unsynced");
    await wait(60_000);
    expect(beacon.onAir).toBeNull();
    expect(duty.controller).toBe("off");
    clockState.state = "gateway";
    await wait(10_000);
    expect(duty.controller).toBe("on");
  });

  it("tells a neighbour that it was heard, and later nobody when it is gone", async () => {
    const { neighbours, wait, sent } = await rig();
    neighbours.hear({ id: new Uint8Array(16).fill(9), echo: null }, 0);
    await wait(10_000);
    expect(toHex(sent()?.echo ?? new Uint8Array())).toBe("090909");
    await wait(900_000);
    expect(sent()?.echo).toBeNull();
  });

  it("is silent when it was closed", async () => {
    const { beacon, duty, wait } = await rig();
    await duty.close();
    await wait(20_000);
    expect(beacon.onAir).toBeNull();
  });
});

describe("whether a neighbour hears this kiosk", () => {
  const own = new Uint8Array(16).fill(1);
  const other = (echo: Uint8Array | null) => ({ id: new Uint8Array(16).fill(2), echo });
  const rigOf = (): Neighbours => {
    const neighbours = new Neighbours();
    neighbours.own(own);
    return neighbours;
  };

  it("is unknown until one says so, and again half an hour later", () => {
    const neighbours = rigOf();
    neighbours.hear(other(null), 0);
    neighbours.hear(other(new Uint8Array(3).fill(7)), 1);
    expect(neighbours.status(2)).toBe("unknown");
    neighbours.hear(other(own.slice(0, 3)), 3);
    expect(neighbours.status(4)).toBe("heard");
    expect(neighbours.status(1_800_004)).toBe("unknown");
  });

  it("is told by an identifier that was changed since, but not by one of long ago", () => {
    const neighbours = rigOf();
    neighbours.own(new Uint8Array(16).fill(3));
    neighbours.own(new Uint8Array(16).fill(4));
    neighbours.hear(other(own.slice(0, 3)), 0);
    expect(neighbours.status(0)).toBe("heard");
    const late = rigOf();
    for (const fill of [3, 4, 5]) late.own(new Uint8Array(16).fill(fill));
    late.hear(other(own.slice(0, 3)), 0);
    expect(late.status(0)).toBe("unknown");
  });

  it("is not told by its own beacon in its own second ear", () => {
    const neighbours = rigOf();
    neighbours.hear({ id: own, echo: own.slice(0, 3) }, 0);
    expect(neighbours.status(0)).toBe("unknown");
    expect(neighbours.echo(0, 0)).toBeNull();
  });

  it("chooses among all that are near, and keeps few of many in mind", () => {
    const neighbours = rigOf();
    for (let n = 0; n < 100; n += 1) neighbours.hear({ id: new Uint8Array(16).fill(10 + n), echo: null }, n);
    const chosen = new Set(
      Array.from({ length: 256 }, (_, die) => toHex(neighbours.echo(100, die) ?? new Uint8Array())),
    );
    expect(chosen.size).toBe(32);
  });
});
