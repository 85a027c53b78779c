import { execFile } from "node:child_process";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";

/** What this machine itself knows about its wall clock. */
export interface SyncState {
  readonly state: "unsynced" | "rtc" | "ntp";
  /** How far off the wall clock may be, milliseconds; zero when `unsynced`, where it means nothing. */
  readonly uncertaintyMs: number;
}

/** A clock without correction gains or loses at most this much, parts per million; crystals of a Pi are specified for about 50. */
export const MAX_DRIFT_PPM = 100;

/** What a synchronised clock without figures of its own is trusted to, milliseconds. */
const NTP_UNCERTAINTY_MS = 1_000;

/** A battery-backed clock was set at some time in the past months; 20 ppm over half a year is five minutes. */
const RTC_UNCERTAINTY_MS = 300_000;

const COMMAND_TIMEOUT_MS = 2_000;

export interface SyncProbe {
  /** The folder that holds `run` and `sys`, normally `/`. */
  readonly root: string;
  /** Output of a command, or null when it is missing or fails. */
  readonly command: (program: string, args: readonly string[]) => Promise<string | null>;
}

/** Asks chrony, timesyncd, systemd and the real-time clock, in this order; the first that knows wins. Never throws. */
export async function probeSync(probe: SyncProbe, wallMs: number): Promise<SyncState> {
  const chrony = parseChronyTracking((await probe.command("chronyc", ["-c", "tracking"])) ?? "");
  if (chrony) return chrony;
  const timesync = await modifiedMs(join(probe.root, "run/systemd/timesync/synchronized"));
  if (timesync !== null) {
    const driftMs = (Math.max(0, wallMs - timesync) * MAX_DRIFT_PPM) / 1e6;
    return { state: "ntp", uncertaintyMs: Math.ceil(NTP_UNCERTAINTY_MS + driftMs) };
  }
  const kernel = await probe.command("timedatectl", ["show", "-p", "NTPSynchronized", "--value"]);
  if (kernel?.trim() === "yes") return { state: "ntp", uncertaintyMs: NTP_UNCERTAINTY_MS };
  const rtcMs = await readRtcMs(join(probe.root, "sys/class/rtc/rtc0/since_epoch"));
  if (rtcMs !== null && Math.abs(rtcMs - wallMs) <= RTC_UNCERTAINTY_MS) {
    return { state: "rtc", uncertaintyMs: RTC_UNCERTAINTY_MS };
  }
  return { state: "unsynced", uncertaintyMs: 0 };
}

/**
 * Reads one line of `chronyc -c tracking`; null when chrony is not synchronised or the line is not one.
 *
 * The clock's error is at most |offset| + root dispersion + root delay / 2. Source: chronyc(1), tracking; RFC 5905, section 11.
 */
export function parseChronyTracking(output: string): SyncState | null {
  const fields = output.trim().split(",");
  const [offset, delay, dispersion] = [fields[4], fields[10], fields[11]].map(Number);
  if (fields.length < 14 || offset === undefined || delay === undefined || dispersion === undefined) return null;
  const errorMs = (Math.abs(offset) + dispersion + delay / 2) * 1_000;
  if (fields[13] === "Not synchronised" || !Number.isFinite(errorMs)) return null;
  return { state: "ntp", uncertaintyMs: Math.ceil(errorMs) };
}

/** Runs a command of this machine, bounded in time; null when it is missing, fails or takes too long. */
export function systemCommand(program: string, args: readonly string[]): Promise<string | null> {
  return new Promise((resolve) => {
    execFile(program, [...args], { timeout: COMMAND_TIMEOUT_MS, encoding: "utf8" }, (fault, stdout) => {
      resolve(fault ? null : stdout);
    });
  });
}

/**
 * Reads a real-time clock; null when there is none. It is read and not only looked for: a Pi 5 without the battery has the device too,
 * which begins anew at 1970 with each loss of power. Source: the kernel's Documentation/ABI/testing/sysfs-class-rtc, since_epoch, seconds.
 */
async function readRtcMs(path: string): Promise<number | null> {
  try {
    return Number(await readFile(path, "latin1")) * 1_000;
  } catch {
    return null; // no such device, or one that cannot be read: an answer, not a fault
  }
}

/** The machine that this process runs on. */
export const systemProbe: SyncProbe = { root: "/", command: systemCommand };

async function modifiedMs(path: string): Promise<number | null> {
  try {
    return (await stat(path)).mtimeMs;
  } catch {
    return null; // no such file: an answer, not a fault
  }
}
