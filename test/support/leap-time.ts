import type { WallMs } from "../../protocol/units.ts";
import { VirtualTime } from "../../sim/time/virtual-time.ts";

/**
 * Virtual time that leaps: whatever timers fell due within a leap run once, at its end, as after a long sleep. Half a year takes
 * seconds, where living through every tick would take an hour.
 */
export class LeapTime extends VirtualTime {
  #nowMs = 0;
  #waiting = new Map<number, { readonly atMs: number; readonly run: () => void }>();
  #made = 0;

  override now(): number {
    return this.#nowMs;
  }

  override wall(): WallMs {
    return (this.startWallMs + this.#nowMs) as WallMs;
  }

  override after(ms: number, run: () => void): () => void {
    this.#made += 1;
    const id = this.#made;
    this.#waiting.set(id, { atMs: this.#nowMs + ms, run });
    return () => this.#waiting.delete(id);
  }

  /** Lets time pass at once, and then whatever fell due, in the order in which it did. */
  leapTo(nowMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, nowMs);
    const due = [...this.#waiting]
      .filter(([, { atMs }]) => atMs <= this.#nowMs)
      .sort(([, a], [, b]) => a.atMs - b.atMs);
    for (const [id, { run }] of due) if (this.#waiting.delete(id)) run();
  }
}
