import { existsSync } from "node:fs";
import { probeSync, type SyncProbe } from "../../runtime/linux-time-sync.ts";
import type { Logger } from "../../runtime/log.ts";
import { every, type Timers } from "../../runtime/timers.ts";

/** How far the gateway trusts its own clock. */
export interface ClockSettings {
  /** Whether the clock is right whatever the machine says of it. */
  readonly trusted: boolean;
  /** File whose presence alone says that the clock is synchronised; empty: the machine is asked. */
  readonly syncFile: string;
  /** Milliseconds, when trusted and while `syncFile` is there. */
  readonly syncedUncertaintyMs: number;
  /** Milliseconds, while nothing keeps the clock. */
  readonly unsyncedUncertaintyMs: number;
}

/** What the gateway's clock is worth. */
export interface ClockQuality {
  /** What keeps it: the word of the settings, time servers, a clock with a battery, or nothing. */
  readonly keptBy: "settings" | "ntp" | "rtc" | "nothing";
  /** How far off it may be, milliseconds. */
  readonly uncertaintyMs: number;
}

/** Asks the settings, then the machine, what its clock is worth. Never throws. */
export async function clockQuality(settings: ClockSettings, probe: SyncProbe, wallMs: number): Promise<ClockQuality> {
  const unkept: ClockQuality = { keptBy: "nothing", uncertaintyMs: settings.unsyncedUncertaintyMs };
  const told: ClockQuality = { keptBy: "settings", uncertaintyMs: settings.syncedUncertaintyMs };
  if (settings.trusted) return told;
  if (settings.syncFile !== "") return existsSync(settings.syncFile) ? told : unkept;
  const { state, uncertaintyMs } = await probeSync(probe, wallMs);
  return state === "unsynced" ? unkept : { keptBy: state, uncertaintyMs };
}

export interface ClockWatchDeps {
  readonly settings: ClockSettings;
  readonly probe: SyncProbe;
  readonly now: () => number;
  readonly timers: Timers;
  readonly log: Logger;
}

const LOOK_EVERY_MS = 30_000;

/** Keeps an eye on what this machine's clock is worth. */
export class ClockWatch {
  readonly #deps: ClockWatchDeps;
  #quality: ClockQuality;
  #stop = (): void => {};

  private constructor(deps: ClockWatchDeps, quality: ClockQuality) {
    this.#deps = deps;
    this.#quality = quality;
  }

  /** Looks, and goes on looking. */
  static async open(deps: ClockWatchDeps): Promise<ClockWatch> {
    const watch = new ClockWatch(deps, await clockQuality(deps.settings, deps.probe, deps.now()));
    watch.#say();
    watch.#stop = every(deps.timers, LOOK_EVERY_MS, () => void watch.#look());
    return watch;
  }

  /** How far off the clock may be, milliseconds. */
  get uncertaintyMs(): number {
    return this.#quality.uncertaintyMs;
  }

  /** Whether something keeps the clock. */
  get isKept(): boolean {
    return this.#quality.keptBy !== "nothing";
  }

  close(): void {
    this.#stop();
  }

  async #look(): Promise<void> {
    const { settings, probe, now } = this.#deps;
    const before = this.#quality.keptBy;
    this.#quality = await clockQuality(settings, probe, now());
    if (this.#quality.keptBy !== before) this.#say();
  }

  #say(): void {
    const { keptBy, uncertaintyMs } = this.#quality;
    if (keptBy === "nothing") this.#deps.log.warn("clock.not_kept", { uncertaintyMs });
    else this.#deps.log.info("clock.kept", { keptBy, uncertaintyMs });
  }
}
