import { mkdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { LinuxClock, type LinuxClockDeps } from "../../../firmware/rpi/linux-clock.ts";
import type { BootId } from "../../../protocol/ids.ts";
import type { BoottimeMs, WallMs } from "../../../protocol/units.ts";
import { systemTimers } from "../../../runtime/timers.ts";
import { SteppedClock } from "../../../sim/clock.ts";
import { type VirtualBoot, VirtualDeviceClock } from "../../../sim/devices/virtual-device-clock.ts";
import { tempFolder } from "../../support/temp.ts";
import { waitFor } from "../../support/wait-for.ts";
import { describeDeviceClock } from "./device-clock.contract.ts";

const SYNCHRONIZED = "run/systemd/timesync/synchronized";

function touch(root: string, path: string, atMs: number): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), "");
  utimesSync(join(root, path), atMs / 1_000, atMs / 1_000);
}

async function linuxClock(deps: Partial<LinuxClockDeps> = {}): Promise<LinuxClock> {
  const clock = new LinuxClock({ timers: systemTimers, ...deps });
  onTestFinished(() => clock.close());
  await clock.open();
  return clock;
}

/** A real clock goes on only while real time passes. */
// the clock under test is the machine's own: nothing but time makes it go on
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describeDeviceClock("linux", async () => ({ clock: await linuxClock(), pass: pause }));

const BOOT: VirtualBoot = { bootId: "0badcafe" as BootId, wallOffsetMs: 0, state: "ntp", uncertaintyMs: 100 };
const startWallMs = Date.UTC(2026, 10, 23, 1) as WallMs;

function virtual(boot: Partial<VirtualBoot> & { driftPpm?: number } = {}): {
  clock: VirtualDeviceClock;
  world: SteppedClock;
} {
  const world = new SteppedClock();
  return { world, clock: new VirtualDeviceClock({ startWallMs, now: () => world.now() }, { ...BOOT, ...boot }) };
}

describeDeviceClock("virtual", async () => {
  const { clock, world } = virtual({ driftPpm: 80 });
  return { clock, pass: (ms) => world.step(ms) };
});

describe("LinuxClock", () => {
  it.skipIf(process.platform !== "linux")(
    "takes the boot id from the kernel, and boot time within its 10 ms grain (skipped: elsewhere than on Linux)",
    async () => {
      const { bootId, boottimeMs } = (await linuxClock()).now();
      const upMs = Number(readFileSync("/proc/uptime", "latin1").split(" ")[0]) * 1_000;
      expect(bootId).toBe(readFileSync("/proc/sys/kernel/random/boot_id", "latin1").slice(0, 8));
      expect(Math.abs(upMs - boottimeMs)).toBeLessThan(2_000);
    },
  );

  it("does not believe a wall clock before the release of this software, whoever vouches for it", async () => {
    const root = tempFolder();
    touch(root, SYNCHRONIZED, 0);
    const { state, wallMs } = (await linuxClock({ root, command: async () => null, systemWall: () => 5_000 })).now();
    expect(state).toBe("unsynced");
    expect(wallMs).toBeGreaterThanOrEqual(Date.UTC(2026, 10, 1));
  });

  it("does not believe a wall clock before the last time that was saved", async () => {
    const root = tempFolder();
    const savedMs = Date.UTC(2028, 0, 1);
    touch(root, "var/lib/systemd/timesync/clock", savedMs);
    const rig = { root, command: async () => "yes", systemWall: () => savedMs - 60_000 };
    expect((await linuxClock(rig)).now()).toMatchObject({ state: "unsynced", wallMs: savedMs });
  });

  it("notices when the system's clock is synchronised later on", async () => {
    const root = tempFolder();
    const world = new SteppedClock();
    const wallMs = Date.UTC(2027, 0, 1);
    const clock = await linuxClock({ root, timers: world, command: async () => null, systemWall: () => wallMs });
    expect(clock.now()).toMatchObject({ state: "unsynced", wallMs });
    touch(root, SYNCHRONIZED, wallMs);
    world.step(60_000);
    await waitFor(() => clock.now().state === "ntp");
  });

  it("starts on a machine that gives no boot id", async () => {
    const clock = await linuxClock({ root: tempFolder(), command: async () => null });
    expect(clock.now().bootId).toMatch(/^[0-9a-f]{8}$/);
  });
});

describe("VirtualDeviceClock", () => {
  it("wakes up in 1970 until it is told the time", () => {
    const { clock, world } = virtual({ wallOffsetMs: null, state: "unsynced" });
    world.step(5_000);
    expect(clock.now()).toMatchObject({ wallMs: 5_000, boottimeMs: 5_000, state: "unsynced" });
  });

  it("is off by its offset, jumps, and drifts", () => {
    const { clock, world } = virtual({ wallOffsetMs: 3_600_000, driftPpm: 100 });
    world.step(10_000_000);
    expect(clock.now()).toMatchObject({ boottimeMs: 10_001_000, wallMs: startWallMs + 3_600_000 + 10_001_000 });
    clock.jump(-3_600_000);
    expect(clock.now().wallMs).toBe(startWallMs + 10_001_000);
  });

  it("forgets what it was told when it is switched off and on", () => {
    const { clock, world } = virtual();
    clock.adjust({ boottimeMs: 0 as BoottimeMs, wallMs: 1 as WallMs, uncertaintyMs: 1 });
    world.step(1_000);
    clock.reboot({ ...BOOT, bootId: "00000002" as BootId, state: "rtc" });
    world.step(500);
    expect(clock.now()).toEqual({
      bootId: "00000002",
      boottimeMs: 500,
      wallMs: startWallMs + 1_500,
      state: "rtc",
      uncertaintyMs: 100,
    });
  });
});
