import type { Timers } from "../runtime/timers.ts";

/** Time of a simulated world: milliseconds since its start, and timers that run by it. */
export interface SimClock extends Timers {
  now(): number;
}

interface Entry {
  readonly dueMs: number;
  readonly order: number;
  readonly run: () => void;
  cancelled: boolean;
}

/** A clock that stands still until somebody steps it. Timers due at one instant run in the order in which they were set. */
export class SteppedClock implements SimClock {
  readonly #heap: Entry[] = [];
  #nowMs = 0;
  #order = 0;

  now(): number {
    return this.#nowMs;
  }

  after(ms: number, run: () => void): () => void {
    const entry: Entry = { dueMs: this.#nowMs + Math.max(0, ms), order: this.#order, run, cancelled: false };
    this.#order += 1;
    push(this.#heap, entry);
    return () => {
      entry.cancelled = true;
    };
  }

  /** When the next timer is due, or null when none is set. */
  get nextDueMs(): number | null {
    this.#dropCancelled();
    return this.#heap[0]?.dueMs ?? null;
  }

  /** Lets `ms` milliseconds pass and runs every timer that comes due, also those set on the way. */
  step(ms: number): void {
    const endMs = this.#nowMs + ms;
    while (this.#runNext(endMs));
    this.#nowMs = endMs;
  }

  /**
   * Like `step`, but lets promises settle after each instant at which timers ran.
   *
   * @param settle resolves when the work that timers began has come to rest; default: one turn of the event loop
   */
  async advance(ms: number, settle: () => Promise<void> = eventLoopTurn): Promise<void> {
    const endMs = this.#nowMs + ms;
    await settle();
    for (;;) {
      const dueMs = this.nextDueMs;
      if (dueMs === null || dueMs > endMs) break;
      while (this.#runNext(dueMs));
      await settle();
    }
    this.#nowMs = endMs;
  }

  #runNext(untilMs: number): boolean {
    this.#dropCancelled();
    const first = this.#heap[0];
    if (!first || first.dueMs > untilMs) return false;
    pop(this.#heap);
    this.#nowMs = Math.max(this.#nowMs, first.dueMs);
    first.run();
    return true;
  }

  #dropCancelled(): void {
    while (this.#heap[0]?.cancelled) pop(this.#heap);
  }
}

/** A world that runs as fast as ours; its timers keep the process alive. */
export class RealTimeClock implements SimClock {
  readonly #startMs = performance.now();

  now(): number {
    return performance.now() - this.#startMs;
  }

  after(ms: number, run: () => void): () => void {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  }
}

/** Resolves after everything that is ready in this turn of the event loop. */
export function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function before(a: Entry, b: Entry): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}

function push(heap: Entry[], entry: Entry): void {
  let at = heap.push(entry) - 1;
  while (at > 0) {
    const parentAt = (at - 1) >> 1;
    const parent = heap[parentAt] as Entry;
    if (before(parent, entry)) break;
    heap[at] = parent;
    at = parentAt;
  }
  heap[at] = entry;
}

function pop(heap: Entry[]): void {
  const last = heap.pop();
  if (!last || heap.length === 0) return;
  let at = 0;
  for (;;) {
    const childAt = smallerChild(heap, at);
    const child = heap[childAt];
    if (!child || before(last, child)) break;
    heap[at] = child;
    at = childAt;
  }
  heap[at] = last;
}

function smallerChild(heap: readonly Entry[], at: number): number {
  const left = heap[2 * at + 1];
  const right = heap[2 * at + 2];
  return left && right && before(right, left) ? 2 * at + 2 : 2 * at + 1;
}
