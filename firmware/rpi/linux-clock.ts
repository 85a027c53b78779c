import { randomBytes } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { uptime } from "node:os";
import { join } from "node:path";
import { type BootId, parseBootId } from "../../protocol/ids.ts";
import type { BoottimeMs, WallMs } from "../../protocol/units.ts";
import {
  MAX_DRIFT_PPM,
  probeSync,
  type SyncProbe,
  type SyncState,
  systemCommand,
} from "../../runtime/linux-time-sync.ts";
import { every, type Timers } from "../../runtime/timers.ts";
import type { DeviceClock, DeviceTime } from "../ports/device-clock.ts";

export interface LinuxClockDeps {
  readonly timers: Timers;
  /** The folder that holds `proc`, `run`, `var` and `sys`; default `/`. */
  readonly root?: string;
  readonly command?: SyncProbe["command"];
  /** The system's wall clock, milliseconds since 1970. */
  readonly systemWall?: () => number;
}

/** No clock is right that says it is earlier than this: the month in which this adapter was written. */
const RELEASED_MS = Date.UTC(2026, 10, 1);

const PROBE_EVERY_MS = 30_000;
/** /proc/uptime counts in steps of 10 ms; a larger lead of it means that the machine slept. */
const SLEPT_MS = 100;

/**
 * The clocks of a Linux machine.
 *
 * Boot time is CLOCK_BOOTTIME as /proc/uptime gives it, counted on by the monotonic clock, so that it neither steps nor has the
 * kernel's 10 ms grain. The wall clock is the system's until `adjust` tells better; a value before the release of this software
 * is not believed.
 */
export class LinuxClock implements DeviceClock {
  readonly #deps: Required<LinuxClockDeps>;
  #bootId = "00000000" as BootId;
  #anchor = { boottimeMs: 0, monotonicMs: 0 };
  #notBeforeMs = RELEASED_MS;
  #sync: SyncState = { state: "unsynced", uncertaintyMs: 0 };
  #fix: Parameters<DeviceClock["adjust"]>[0] | null = null;
  #stopProbing = (): void => {};

  constructor(deps: LinuxClockDeps) {
    this.#deps = { root: "/", command: systemCommand, systemWall: () => Date.now(), ...deps };
  }

  /** Reads the boot id and the state of synchronisation, and keeps an eye on the latter. */
  async open(): Promise<void> {
    const { root, timers } = this.#deps;
    this.#bootId = readBootId(join(root, "proc/sys/kernel/random/boot_id"));
    this.#notBeforeMs = Math.max(RELEASED_MS, lastSeenMs(join(root, "var/lib/systemd/timesync/clock")));
    this.#anchor = { boottimeMs: uptime() * 1_000, monotonicMs: performance.now() };
    await this.#probe();
    this.#stopProbing = every(timers, PROBE_EVERY_MS, () => void this.#probe());
  }

  now(): DeviceTime {
    const boottimeMs = Math.floor(this.#boottime()) as BoottimeMs;
    const bootId = this.#bootId;
    if (this.#fix) {
      const sinceMs = boottimeMs - this.#fix.boottimeMs;
      const uncertaintyMs = Math.ceil(this.#fix.uncertaintyMs + (Math.abs(sinceMs) * MAX_DRIFT_PPM) / 1e6);
      return { bootId, boottimeMs, wallMs: (this.#fix.wallMs + sinceMs) as WallMs, state: "gateway", uncertaintyMs };
    }
    const systemMs = Math.floor(this.#deps.systemWall());
    if (systemMs < this.#notBeforeMs) {
      return { bootId, boottimeMs, wallMs: this.#notBeforeMs as WallMs, state: "unsynced", uncertaintyMs: 0 };
    }
    return { bootId, boottimeMs, wallMs: systemMs as WallMs, ...this.#sync };
  }

  adjust(fix: Parameters<DeviceClock["adjust"]>[0]): void {
    this.#fix = fix;
  }

  close(): void {
    this.#stopProbing();
  }

  #boottime(): number {
    return this.#anchor.boottimeMs + (performance.now() - this.#anchor.monotonicMs);
  }

  async #probe(): Promise<void> {
    const kernelMs = uptime() * 1_000;
    if (kernelMs - this.#boottime() > SLEPT_MS) this.#anchor = { boottimeMs: kernelMs, monotonicMs: performance.now() };
    this.#sync = await probeSync(this.#deps, this.#deps.systemWall());
  }
}

/** The first 8 digits of the kernel's boot id; random ones where there is no kernel that gives any. */
function readBootId(path: string): BootId {
  try {
    return parseBootId(readFileSync(path, "latin1").slice(0, 8));
  } catch {
    return parseBootId(randomBytes(4).toString("hex")); // not a Linux: each start counts as a boot
  }
}

/** When timesyncd last saved the time: a clock that says less went backwards. Zero when it never did. */
function lastSeenMs(path: string): number {
  try {
    return Math.floor(statSync(path).mtimeMs);
  } catch {
    return 0; // no timesyncd here
  }
}
