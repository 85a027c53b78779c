import { describe, expect, it } from "vitest";
import { type FunctionCheck, keepWatch, takeServiceManager } from "../../../runtime/service-manager.ts";
import { ManualTimers } from "../../support/manual-timers.ts";

const SOCKET = "/run/systemd/notify";

function rig(check: FunctionCheck, watchdogMs: number | null = 60_000) {
  const sent: string[] = [];
  const withheld: string[] = [];
  const timers = new ManualTimers();
  const manager = { watchdogMs, notify: async (...lines: readonly string[]) => sent.push(...lines) > 0 };
  const stop = keepWatch(manager, { check, timers, withheld: (reason) => withheld.push(reason) });
  const pass = async (ms: number): Promise<void> => {
    timers.advance(ms);
    for (let turns = 0; turns < 20; turns += 1) await Promise.resolve();
  };
  return { sent, withheld, stop, pass, timers };
}

describe("takeServiceManager", () => {
  it("takes the manager's variables away from every child", () => {
    const env = { NOTIFY_SOCKET: SOCKET, WATCHDOG_USEC: "60000000", WATCHDOG_PID: "7", HOME: "/" };
    expect(takeServiceManager(env, 7).watchdogMs).toBe(60_000);
    expect(env).toEqual({ HOME: "/" });
  });

  it("does not answer for another process's watchdog, nor without a manager", async () => {
    const other = takeServiceManager({ NOTIFY_SOCKET: SOCKET, WATCHDOG_USEC: "1000", WATCHDOG_PID: "8" }, 7);
    expect(other.watchdogMs).toBeNull();
    const none = takeServiceManager({ WATCHDOG_USEC: "1000" }, 7, async () => true);
    expect([none.watchdogMs, await none.notify("READY=1")]).toEqual([null, false]);
  });

  it("lets systemd-notify speak, with nothing of our environment but path and socket", async () => {
    const runs: unknown[] = [];
    const env = { NOTIFY_SOCKET: SOCKET, PATH: "/bin", BLUEPOST_KIOSK_LOG_LEVEL: "info" };
    const manager = takeServiceManager(env, 7, async (...run) => runs.push(run) > 0);
    expect(await manager.notify("READY=1", "STATUS=Serving.")).toBe(true);
    const childEnv = { NOTIFY_SOCKET: SOCKET, PATH: "/bin" };
    expect(runs).toEqual([["systemd-notify", ["READY=1", "STATUS=Serving."], childEnv]]);
  });
});

describe("keepWatch", () => {
  it("gives three signs of life in the span while the service does its job", async () => {
    const { sent, pass } = rig(async () => null);
    for (let n = 0; n < 3; n += 1) await pass(20_000);
    expect(sent.filter((line) => line === "WATCHDOG=1")).toHaveLength(3);
  });

  it("is silent with the reason in the status while it does not, and goes on when it does again", async () => {
    let reason: string | null = "the ledger does not answer";
    const { sent, withheld, pass } = rig(async () => reason);
    await pass(20_000);
    await pass(20_000);
    expect(sent).toEqual(Array(2).fill("STATUS=Not serving: the ledger does not answer"));
    expect(withheld).toEqual(["the ledger does not answer"]);
    reason = null;
    await pass(20_000);
    expect(sent.slice(2)).toEqual(["WATCHDOG=1", "STATUS=Serving."]);
  });

  it("is silent while a check hangs, and when a check throws", async () => {
    const hung = rig(() => new Promise(() => {}));
    for (let n = 0; n < 5; n += 1) await hung.pass(20_000);
    expect(hung.sent).toEqual([]);
    const broken = rig(() => Promise.reject(new Error("no")));
    await broken.pass(20_000);
    expect(broken.sent).toEqual(["STATUS=Not serving: the check itself failed"]);
  });

  it("says nothing when nobody watches, or after it was stopped", async () => {
    const unwatched = rig(async () => null, null);
    const stopped = rig(async () => null);
    stopped.stop();
    await unwatched.pass(60_000);
    await stopped.pass(60_000);
    expect([unwatched.sent, stopped.sent]).toEqual([[], []]);
  });
});
