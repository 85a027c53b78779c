import { setTimeout as pause } from "node:timers/promises";

/** How long, and in what words a failure names what was waited for. */
export interface WaitOptions {
  /** Milliseconds; default 10,000. */
  readonly timeoutMs?: number;
  /** Milliseconds between two looks; default 20. */
  readonly everyMs?: number;
  readonly what?: string;
}

/**
 * Looks at a condition until it holds, and returns its first value that is not false, null or undefined.
 *
 * A condition that throws counts as "not yet"; its last fault is the cause of the time-out.
 *
 * @throws {Error} when the time is over
 */
export async function waitFor<Value>(
  condition: () => Value | Promise<Value>,
  { timeoutMs = 10_000, everyMs = 20, what = "a condition" }: WaitOptions = {},
): Promise<Exclude<Value, false | null | undefined>> {
  const deadline = performance.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value !== false && value !== null && value !== undefined)
        return value as Exclude<Value, false | null | undefined>;
      last = undefined;
    } catch (fault) {
      last = fault;
    }
    if (performance.now() >= deadline) throw new Error(`waited ${timeoutMs} ms for ${what}`, { cause: last });
    await pause(everyMs);
  }
}
