import { describe, expect, it } from "vitest";
import type { DeviceTime } from "../../../../firmware/ports/device-clock.ts";
import { createScreenModel, type ScreenModel } from "../../../../kiosk/screen/screen-model.ts";
import { type GatewayAnswer, SelfTest, type SelfTestDeps } from "../../../../kiosk/self-test/self-test.ts";
import { SELF_CHECKS, SELF_TEST_CODES, type SelfCheck } from "../../../../protocol/http/self-test.ts";
import { parseBootId } from "../../../../protocol/ids.ts";
import en from "../../../../protocol/locales/en.json" with { type: "json" };
import vi from "../../../../protocol/locales/vi.json" with { type: "json" };
import type { BoottimeMs, WallMs } from "../../../../protocol/units.ts";
import { silentLogger } from "../../../../runtime/log.ts";
import { MemoryIndicator } from "../../../../sim/devices/memory-indicator.ts";
import { IDLE_STATE } from "../../../support/kiosk-page.ts";
import { ManualTimers } from "../../../support/manual-timers.ts";
import { waitFor } from "../../../support/wait-for.ts";

const TIME: DeviceTime = {
  bootId: parseBootId("01020304"),
  boottimeMs: 60_000 as BoottimeMs,
  wallMs: 1_794_794_400_000 as WallMs,
  state: "rtc",
  uncertaintyMs: 40,
};

interface Rig {
  readonly test: SelfTest;
  readonly model: ScreenModel;
  readonly timers: ManualTimers;
  readonly indicator: MemoryIndicator;
  /** Codes on the screen by check. */
  found(): Readonly<Partial<Record<SelfCheck, string>>>;
}

function rig(change: Partial<SelfTestDeps> = {}): Rig {
  const timers = new ManualTimers();
  const model = createScreenModel(IDLE_STATE, timers);
  const indicator = new MemoryIndicator();
  const test = new SelfTest({
    scanner: { status: () => ({ present: true }) },
    indicator,
    clock: { now: () => TIME },
    beacon: () => ({ controller: "on", neighbours: "unknown" }),
    flushTime: async () => ({ medianMs: 6.4, slowestMs: 20 }),
    diskFreeBytes: async () => 2e9,
    online: () => true,
    askGateway: async () => ({ roundTripMs: 12, offMs: -3 }),
    screen: model,
    timers,
    logger: silentLogger.child("selftest"),
    ...change,
  });
  const found = (): Partial<Record<SelfCheck, string>> =>
    Object.fromEntries((model.state().selfTest?.lines ?? []).map(({ check, code }) => [check, code]));
  return { test, model, timers, indicator, found };
}

const allFound = ({ found }: Rig): Promise<unknown> =>
  waitFor(() => Object.keys(found()).length === SELF_CHECKS.length, { what: "all findings" });

describe("the self-test of a kiosk", () => {
  it("finds nothing wrong with a sound one, in the order of the page", async () => {
    const sound = rig();
    sound.test.open();
    await allFound(sound);
    expect(sound.model.state().selfTest).toEqual({
      run: 1,
      lines: [
        { check: "scanner", code: "scanner_ready", values: {} },
        { check: "light", code: "light_look", values: {} },
        { check: "sound", code: "sound_listen", values: {} },
        { check: "beacon", code: "beacon_on", values: {} },
        { check: "disk", code: "disk_ok", values: { ms: 6, freeMb: 1907 } },
        { check: "clock", code: "clock_ok", values: { offMs: 3 } },
        { check: "gateway", code: "gateway_ok", values: { ms: 12 } },
      ],
    });
  });

  it.each<[string, SelfCheck, Partial<SelfTestDeps>]>([
    ["scanner_missing", "scanner", { scanner: { status: () => ({ present: false, reason: "gone" }) } }],
    ["light_none", "light", { indicator: { show() {}, status: () => ({ present: false, reason: "none" }) } }],
    ["beacon_heard", "beacon", { beacon: () => ({ controller: "on", neighbours: "heard" }) }],
    ["beacon_off", "beacon", { beacon: () => ({ controller: "off", neighbours: "heard" }) }],
    ["beacon_none", "beacon", { beacon: () => ({ controller: "none", neighbours: "unknown" }) }],
    ["disk_slow", "disk", { flushTime: async () => ({ medianMs: 251, slowestMs: 900 }) }],
    ["disk_full", "disk", { diskFreeBytes: async () => 1e8 }],
    ["disk_failed", "disk", { flushTime: () => Promise.reject(new Error("EROFS")) }],
    ["gateway_slow", "gateway", { askGateway: async () => ({ roundTripMs: 2_001, offMs: 0 }) }],
  ])("says %s", async (code, check, change) => {
    const faulty = rig(change);
    faulty.test.open();
    faulty.timers.advance(3_000);
    await allFound(faulty);
    expect(faulty.found()[check]).toBe(code);
  });

  it.each<[string, string, Partial<SelfTestDeps>]>([
    ["gateway_offline", "clock_alone", { online: () => false }],
    ["gateway_silent", "clock_alone", { askGateway: () => new Promise<GatewayAnswer>(() => {}) }],
    ["gateway_offline", "clock_unset", { online: () => false, clock: { now: () => ({ ...TIME, state: "unsynced" }) } }],
  ])("says %s and %s only after it has waited for a session", async (gateway, clock, change) => {
    const alone = rig(change);
    alone.test.open();
    await waitFor(() => alone.found().disk);
    expect(alone.found().gateway).toBeUndefined();
    alone.timers.advance(15_000);
    await allFound(alone);
    expect(alone.found()).toMatchObject({ gateway, clock });
  });

  it("gives a scanner time to be opened", async () => {
    let present = false;
    const late = rig({ scanner: { status: () => (present ? { present } : { present, reason: "not opened" }) } });
    late.test.open();
    late.timers.advance(2_000);
    present = true;
    late.timers.advance(250);
    await allFound(late);
    expect(late.found().scanner).toBe("scanner_ready");
  });

  it("takes a session that comes up meanwhile", async () => {
    let isOnline = false;
    const late = rig({ online: () => isOnline });
    late.test.open();
    late.timers.advance(3_000);
    isOnline = true;
    late.timers.advance(250);
    await allFound(late);
    expect(late.found()).toMatchObject({ gateway: "gateway_ok", clock: "clock_ok" });
  });

  it("lights each lamp in turn, but never over a visitor's answer", () => {
    const { test, timers, indicator } = rig();
    const signals = (): unknown[] => indicator.events.map((event) => (event.kind === "signal" ? event.signal : "gate"));
    test.open();
    timers.advance(5_000);
    expect(signals()).toEqual(["in", "already", "denied"]);
    test.open();
    test.scanned(false);
    timers.advance(10_000);
    expect(signals()).toEqual(["in", "already", "denied", "in"]);
  });

  it("counts a code that was read as the scanner's proof", async () => {
    const read = rig();
    read.test.open();
    read.test.scanned(false);
    await allFound(read);
    expect(read.found().scanner).toBe("scanner_read");
  });

  it("gives the door back to a visitor who was recorded, with lamps and clockwork at rest", async () => {
    const busy = rig({ online: () => false });
    busy.test.open();
    busy.test.scanned(true);
    await new Promise((resolve) => setImmediate(resolve));
    expect(busy.model.state().selfTest).toBeNull();
    expect(busy.timers.pending).toEqual([]);
  });

  it("begins anew, drops what the first still finds, and leaves by itself", async () => {
    const held: ((free: number) => void)[] = [];
    const twice = rig({ diskFreeBytes: () => new Promise((resolve) => held.push(resolve)) });
    twice.test.open();
    twice.test.open();
    await waitFor(() => held.length === 2);
    held[0]?.(1);
    held[1]?.(2e9);
    await allFound(twice);
    expect(twice.model.state().selfTest?.run).toBe(2);
    expect(twice.found().disk).toBe("disk_ok");
    twice.timers.advance(120_000);
    expect(twice.model.state().selfTest).toBeNull();
    expect(twice.timers.pending).toEqual([]);
  });

  it("stays away once it was closed", async () => {
    const closed = rig();
    closed.test.close();
    closed.test.open();
    closed.test.close();
    closed.test.scanned(false);
    await new Promise((resolve) => setImmediate(resolve));
    expect(closed.model.state().selfTest).toBeNull();
  });
});

describe("the words of the self-test", () => {
  it.each(Object.entries(SELF_TEST_CODES))(
    "has %s (%s) in both languages, with a remedy unless all is well",
    (code, outcome) => {
      for (const words of [vi, en] as readonly Readonly<Record<string, string>>[]) {
        expect(words[`kiosk.test.${code}`]).toBeTruthy();
        expect(words[`kiosk.test.${code}.fix`] !== undefined).toBe(outcome !== "ok");
      }
    },
  );
});
