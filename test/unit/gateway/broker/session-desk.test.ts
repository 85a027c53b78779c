import { beforeEach, describe, expect, it } from "vitest";
import type { DeviceSession } from "../../../../gateway/app.ts";
import { UNKNOWN_BOOT } from "../../../../gateway/broker/device-broker.ts";
import { SessionDesk } from "../../../../gateway/broker/session-desk.ts";
import { parseBootId, parseDeviceId } from "../../../../protocol/ids.ts";

const device = parseDeviceId("door-a");
const session = (boot: string): DeviceSession => ({ device, boot: parseBootId(boot), fingerprint: null });
const [BOOT_A, BOOT_B] = ["aaaaaaaa", "bbbbbbbb"];

describe("SessionDesk", () => {
  let alarms: number;
  let alive: boolean;
  let probes: DeviceSession[];
  let desk: SessionDesk;

  beforeEach(() => {
    [alarms, alive, probes] = [0, true, []];
    const probe = (old: DeviceSession): Promise<boolean> => {
      probes.push(old);
      return Promise.resolve(alive);
    };
    desk = new SessionDesk({
      broker: { probe },
      probeMs: 5_000,
      cloneSuspected: () => {
        alarms += 1;
      },
    });
  });

  it("lets the same machine take over at once, unasked", async () => {
    const [old, fresh] = [session(BOOT_A), session(BOOT_A)];
    expect([await desk.admit(old), await desk.admit(fresh)]).toEqual([{ kind: "admitted" }, { kind: "admitted" }]);
    desk.closed(old);
    expect([desk.current(device), probes, alarms]).toEqual([fresh, [], 0]);
  });

  it("refuses another machine while the old one lives, and alarms", async () => {
    const old = session(BOOT_A);
    await desk.admit(old);
    expect(await desk.admit(session(BOOT_B))).toEqual({ kind: "refused", reason: "clone" });
    expect([desk.current(device), probes, alarms]).toEqual([old, [old], 1]);
  });

  it("lets another machine take over when the old one does not answer", async () => {
    await desk.admit(session(BOOT_A));
    alive = false;
    const fresh = session(BOOT_B);
    expect(await desk.admit(fresh)).toEqual({ kind: "admitted" });
    expect([desk.current(device), alarms]).toEqual([fresh, 0]);
  });

  it("lets a machine that has not said its boot id come and go without a question or an alarm", async () => {
    for (const boot of [UNKNOWN_BOOT, BOOT_A, UNKNOWN_BOOT, BOOT_A])
      expect(await desk.admit(session(boot))).toEqual({ kind: "admitted" });
    expect([probes, alarms]).toEqual([[], 0]);
  });

  it("alarms when a boot id comes back after another took its place", async () => {
    for (const boot of [BOOT_A, BOOT_B, BOOT_A]) {
      const one = session(boot);
      expect(await desk.admit(one)).toEqual({ kind: "admitted" });
      desk.closed(one);
    }
    expect(alarms).toBe(1);
  });

  it("does not alarm for reconnects and restarts", async () => {
    for (const boot of [BOOT_A, BOOT_A, BOOT_B, BOOT_B, "cccccccc"]) {
      const one = session(boot);
      await desk.admit(one);
      desk.closed(one);
    }
    expect(alarms).toBe(0);
  });

  it("decides one at a time: of two that come together, the second meets the first", async () => {
    const verdicts = await Promise.all([desk.admit(session(BOOT_A)), desk.admit(session(BOOT_B))]);
    expect(verdicts.map(({ kind }) => kind)).toEqual(["admitted", "refused"]);
  });
});
