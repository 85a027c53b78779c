import type { WallMs } from "../../protocol/units.ts";
import type { Timers } from "../../runtime/timers.ts";
import type { TrueTime } from "../devices/virtual-device-clock.ts";

interface Waiting {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** Time that passes only when it is told to: a day takes as long as its work. */
export class VirtualTime implements Timers, TrueTime {
  readonly startWallMs: WallMs;
  #nowMs = 0;
  #order = 0;
  #waiting: Waiting[] = [];

  constructor(startWallMs: WallMs) {
    this.startWallMs = startWallMs;
  }

  /** Milliseconds since the start of the run. */
  now(): number {
    return this.#nowMs;
  }

  /** The true wall clock. */
  wall(): WallMs {
    return (this.startWallMs + this.#nowMs) as WallMs;
  }

  after(ms: number, run: () => void): () => void {
    this.#order += 1;
    const entry = { atMs: this.#nowMs + Math.max(0, ms), order: this.#order, run };
    this.#waiting.push(entry);
    return () => {
      this.#waiting = this.#waiting.filter((other) => other !== entry);
    };
  }

  /**
   * Lets time pass up to `untilMs`, timer by timer.
   *
   * @param settle waits until the work that a timer started has come to rest, so that no time passes over its head
   */
  async advanceTo(untilMs: number, settle: () => Promise<void>): Promise<void> {
    for (;;) {
      const next = this.#next();
      if (!next || next.atMs > untilMs) break;
      this.#waiting = this.#waiting.filter((other) => other !== next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.run();
      await settle();
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  #next(): Waiting | undefined {
    let first: Waiting | undefined;
    for (const entry of this.#waiting) {
      if (!first || entry.atMs < first.atMs || (entry.atMs === first.atMs && entry.order < first.order)) first = entry;
    }
    return first;
  }
}
