import type { WallMs } from "../../protocol/units.ts";
import type { Timers } from "../../runtime/timers.ts";
import { SteppedClock } from "../clock.ts";
import type { TrueTime } from "../devices/virtual-device-clock.ts";

/** Time that passes only when it is told to, with a date: a day takes as long as its work. */
export class VirtualTime implements Timers, TrueTime {
  readonly startWallMs: WallMs;
  readonly #clock = new SteppedClock();

  constructor(startWallMs: WallMs) {
    this.startWallMs = startWallMs;
  }

  /** Milliseconds since the start of the run. */
  now(): number {
    return this.#clock.now();
  }

  /** The true wall clock. */
  wall(): WallMs {
    return (this.startWallMs + this.now()) as WallMs;
  }

  after(ms: number, run: () => void): () => void {
    return this.#clock.after(ms, run);
  }

  /**
   * Lets time pass up to `untilMs`, instant by instant.
   *
   * @param settle waits until the work that timers started has come to rest, so that no time passes over its head
   */
  async advanceTo(untilMs: number, settle: () => Promise<void>): Promise<void> {
    await this.#clock.advance(Math.max(0, untilMs - this.now()), settle);
  }
}
