import type { DeviceClock, DeviceTime } from "../../firmware/ports/device-clock.ts";
import type { ClockState } from "../../protocol/checkin/record.ts";
import type { BootId } from "../../protocol/ids.ts";
import type { BoottimeMs, WallMs } from "../../protocol/units.ts";

/** The world that a device's clock is wrong against. */
export interface TrueTime {
  /** True wall clock at the start of the run. */
  readonly startWallMs: WallMs;
  /** Milliseconds since the start of the run. */
  now(): number;
}

/** How a machine comes up. */
export interface VirtualBoot {
  readonly bootId: BootId;
  /** Added to the true wall clock; null for a machine that wakes up in 1970. */
  readonly wallOffsetMs: number | null;
  readonly state: ClockState;
  readonly uncertaintyMs: number;
}

/** A device's clocks in a simulated world: they start anywhere, jump, drift, and are set right like real ones. */
export class VirtualDeviceClock implements DeviceClock {
  readonly #world: TrueTime;
  #boot: VirtualBoot;
  #bootedMs: number;
  /** Boot time grows by this much more than true time, parts per million. */
  #driftPpm: number;
  #fix: Parameters<DeviceClock["adjust"]>[0] | null = null;

  constructor(world: TrueTime, boot: VirtualBoot & { readonly driftPpm?: number }) {
    this.#world = world;
    this.#boot = boot;
    this.#driftPpm = boot.driftPpm ?? 0;
    this.#bootedMs = world.now();
  }

  now(): DeviceTime {
    const boottimeMs = this.#boottime();
    const { bootId, state, uncertaintyMs } = this.#boot;
    if (!this.#fix) return { bootId, boottimeMs, wallMs: this.#wall(boottimeMs), state, uncertaintyMs };
    const wallMs = (this.#fix.wallMs + (boottimeMs - this.#fix.boottimeMs)) as WallMs;
    return { bootId, boottimeMs, wallMs, state: "gateway", uncertaintyMs: this.#fix.uncertaintyMs };
  }

  adjust(fix: Parameters<DeviceClock["adjust"]>[0]): void {
    this.#fix = fix;
  }

  /** Switches the machine off and on: boot time starts at zero, what `adjust` taught is gone. */
  reboot(boot: VirtualBoot): void {
    this.#boot = boot;
    this.#bootedMs = this.#world.now();
    this.#fix = null;
  }

  /** Makes the wall clock jump by `ms`, as when somebody sets it wrong. */
  jump(ms: number): void {
    if (this.#fix) this.#fix = { ...this.#fix, wallMs: (this.#fix.wallMs + ms) as WallMs };
    else this.#boot = { ...this.#boot, wallOffsetMs: (this.#boot.wallOffsetMs ?? 0) + ms };
  }

  #boottime(): BoottimeMs {
    const trueMs = this.#world.now() - this.#bootedMs;
    return Math.floor(trueMs * (1 + this.#driftPpm / 1e6)) as BoottimeMs;
  }

  #wall(boottimeMs: BoottimeMs): WallMs {
    const { wallOffsetMs } = this.#boot;
    if (wallOffsetMs === null) return boottimeMs as number as WallMs;
    const wokeMs = this.#world.startWallMs + this.#bootedMs + wallOffsetMs;
    return Math.max(0, Math.floor(wokeMs + boottimeMs)) as WallMs;
  }
}
