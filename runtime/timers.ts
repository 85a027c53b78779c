/** Waiting, as an argument: real in a process, virtual in the simulator. */
export interface Timers {
  /** Calls `run` once after `ms` milliseconds. @returns a function that cancels it */
  after(ms: number, run: () => void): () => void;
}

/** Timers of this process; they do not keep it alive by themselves. */
export const systemTimers: Timers = {
  after(ms, run) {
    const timer = setTimeout(run, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** Calls `run` every `ms` milliseconds until the returned function is called. */
export function every(timers: Timers, ms: number, run: () => void): () => void {
  let cancel = (): void => {};
  let stopped = false;
  const next = (): void => {
    cancel = timers.after(ms, () => {
      if (stopped) return;
      run();
      if (!stopped) next();
    });
  };
  next();
  return () => {
    stopped = true;
    cancel();
  };
}
