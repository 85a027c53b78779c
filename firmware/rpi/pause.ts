import type { Timers } from "../../runtime/timers.ts";

/** Waits `ms` milliseconds, or until `signal` aborts, whichever comes first. Never throws. */
export function pause(ms: number, wait: { readonly timers: Timers; readonly signal: AbortSignal }): Promise<void> {
  return new Promise((resolve) => {
    if (wait.signal.aborted) {
      resolve();
      return;
    }
    const stop = (): void => {
      cancel();
      resolve();
    };
    const cancel = wait.timers.after(ms, () => {
      wait.signal.removeEventListener("abort", stop);
      resolve();
    });
    wait.signal.addEventListener("abort", stop, { once: true });
  });
}
