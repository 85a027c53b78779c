import { mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseChronyTracking, probeSync, systemCommand } from "../../../runtime/linux-time-sync.ts";
import { tempFolder } from "../../support/temp.ts";

const SYNCED =
  "A29FC801,162.159.200.1,4,1795430000.5,-0.000123,0.00021,0.0008,-12.1,0.002,0.05,0.0312,0.0021,64.4,Normal\n";
const NOT_SYNCED = "00000000,,0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,1.0,1.0,0.0,Not synchronised\n";
const WALL_MS = Date.UTC(2026, 10, 23);

const silent = async (): Promise<null> => null;
const says = (answers: Readonly<Record<string, string>>) => async (program: string) => answers[program] ?? null;

function touch(root: string, path: string, atMs = WALL_MS): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), "");
  utimesSync(join(root, path), atMs / 1_000, atMs / 1_000);
}

const RTC = "sys/class/rtc/rtc0/since_epoch";
function setRtc(root: string, atMs: number): void {
  mkdirSync(dirname(join(root, RTC)), { recursive: true });
  writeFileSync(join(root, RTC), `${atMs / 1_000}\n`);
}

describe("parseChronyTracking", () => {
  it("adds offset, dispersion and half the delay", () => {
    expect(parseChronyTracking(SYNCED)).toEqual({ state: "ntp", uncertaintyMs: 18 }); // 0.123 + 2.1 + 15.6 ms
  });

  it.each(["", "garbage", NOT_SYNCED, SYNCED.replace("-0.000123", "?"), "506 Cannot talk to daemon"])(
    "gives nothing for what is no synchronised state: %j",
    (output) => {
      expect(parseChronyTracking(output)).toBeNull();
    },
  );
});

describe("probeSync", () => {
  it("takes chrony's word with its own error bound", async () => {
    const command = says({ chronyc: SYNCED, timedatectl: "yes\n" });
    expect(await probeSync({ root: tempFolder(), command }, WALL_MS)).toEqual({ state: "ntp", uncertaintyMs: 18 });
  });

  it("trusts timesyncd less the longer ago it spoke with a server", async () => {
    const root = tempFolder();
    touch(root, "run/systemd/timesync/synchronized", WALL_MS - 1_000_000);
    expect(await probeSync({ root, command: silent }, WALL_MS)).toEqual({ state: "ntp", uncertaintyMs: 1_100 });
  });

  it("asks systemd whether the kernel's clock is synchronised", async () => {
    const root = tempFolder();
    expect(await probeSync({ root, command: says({ timedatectl: "yes\n" }) }, WALL_MS)).toMatchObject({ state: "ntp" });
    expect(await probeSync({ root, command: says({ timedatectl: "no\n" }) }, WALL_MS)).toMatchObject({
      state: "unsynced",
    });
  });

  it("falls back to the battery clock, and to nothing", async () => {
    const root = tempFolder();
    expect(await probeSync({ root, command: silent }, WALL_MS)).toEqual({ state: "unsynced", uncertaintyMs: 0 });
    setRtc(root, WALL_MS + 1_000);
    expect(await probeSync({ root, command: silent }, WALL_MS)).toEqual({ state: "rtc", uncertaintyMs: 300_000 });
  });

  it("does not believe a battery clock that tells another time than the machine: its battery is missing or flat", async () => {
    const root = tempFolder();
    setRtc(root, 60_000); // a minute after the power came
    expect(await probeSync({ root, command: silent }, WALL_MS)).toEqual({ state: "unsynced", uncertaintyMs: 0 });
    writeFileSync(join(root, RTC), "?");
    expect(await probeSync({ root, command: silent }, WALL_MS)).toMatchObject({ state: "unsynced" });
  });
});

describe("systemCommand", () => {
  it("gives the output of a command, and null for one that is missing or fails", async () => {
    expect(await systemCommand("node", ["-p", "6 * 7"])).toBe("42\n");
    expect(await systemCommand("node", ["-e", "process.exit(3)"])).toBeNull();
    expect(await systemCommand("no-such-command-here", [])).toBeNull();
  });
});
