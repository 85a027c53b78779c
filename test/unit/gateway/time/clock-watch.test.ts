import { rmSync, utimesSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { loadGatewayConfig } from "../../../../gateway/config.ts";
import { ClockWatch, clockQuality } from "../../../../gateway/time/clock-watch.ts";
import type { SyncProbe } from "../../../../runtime/linux-time-sync.ts";
import { silentLogger } from "../../../../runtime/log.ts";
import { ManualTimers } from "../../../support/manual-timers.ts";
import { tempFolder } from "../../../support/temp.ts";
import { waitFor } from "../../../support/wait-for.ts";

const WALL_MS = Date.UTC(2026, 10, 23);
const DAY_MS = 86_400_000;
const CHRONY = "A29FC801,a,4,1795430000.5,-0.000123,0.00021,0.0008,-12.1,0.002,0.05,0.0312,0.0021,64.4,Normal\n";

const settings = (...flags: readonly string[]): ReturnType<typeof loadGatewayConfig>["time"] =>
  loadGatewayConfig({ env: {}, flags }).time;
const machine = (answers: Readonly<Record<string, string>> = {}): SyncProbe => ({
  root: tempFolder(),
  command: async (program) => answers[program] ?? null,
});

describe("what a gateway's clock is worth", () => {
  it("is a day at most, by default, on a machine that lost its power and has no time server", async () => {
    expect(await clockQuality(settings(), machine(), WALL_MS)).toEqual({ keptBy: "nothing", uncertaintyMs: DAY_MS });
  });

  it("is what chrony says of itself, by default", async () => {
    const quality = await clockQuality(settings(), machine({ chronyc: CHRONY }), WALL_MS);
    expect(quality).toEqual({ keptBy: "ntp", uncertaintyMs: 18 });
  });

  it("is what the settings say when they vouch for it, or name a file", async () => {
    const probe = machine({ chronyc: CHRONY });
    const file = join(tempFolder(), "synchronized");
    const named = settings(`time.syncFile=${file}`, "time.unsyncedUncertaintyMs=600000");
    expect(await clockQuality(settings("time.trusted=true"), machine(), WALL_MS)).toEqual({
      keptBy: "settings",
      uncertaintyMs: 500,
    });
    expect(await clockQuality(named, probe, WALL_MS)).toEqual({ keptBy: "nothing", uncertaintyMs: 600_000 });
    writeFileSync(file, "");
    expect(await clockQuality(named, probe, WALL_MS)).toEqual({ keptBy: "settings", uncertaintyMs: 500 });
  });
});

describe("a watch over the gateway's clock", () => {
  it("notices when time servers set it, and when they are gone", async () => {
    const [probe, timers] = [machine(), new ManualTimers()];
    const watch = await ClockWatch.open({ settings: settings(), probe, now: () => WALL_MS, timers, log: silentLogger });
    onTestFinished(() => watch.close());
    expect([watch.isKept, watch.uncertaintyMs]).toEqual([false, DAY_MS]);
    const folder = join(probe.root, "run/systemd/timesync");
    const file = join(folder, "synchronized");
    await mkdir(folder, { recursive: true });
    writeFileSync(file, "");
    utimesSync(file, WALL_MS / 1_000, WALL_MS / 1_000);
    timers.advance(30_000);
    await waitFor(() => watch.isKept);
    expect(watch.uncertaintyMs).toBe(1_000);
    rmSync(file);
    timers.advance(30_000);
    await waitFor(() => !watch.isKept);
  });
});
