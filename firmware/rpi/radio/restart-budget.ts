/** Failures within this time count, milliseconds. */
const MEMORY_MS = 600_000;
/** So many failures within the memory are taken for bad luck; after that restarts come seldom. */
const FREE_RESTARTS = 8;
const FIRST_WAIT_MS = 500;
const MAX_WAIT_MS = 30_000;
const SELDOM_MS = 600_000;

/** How long to wait before a failed process is started again: soon at first, then doubling, and seldom for one that never stops failing. */
export class RestartBudget {
  #failedAtMs: number[] = [];

  /** Notes a failure. @param nowMs of a clock that never jumps @returns milliseconds to wait */
  failed(nowMs: number): number {
    this.#failedAtMs = [...this.#failedAtMs.filter((at) => at > nowMs - MEMORY_MS), nowMs].slice(-FREE_RESTARTS - 1);
    const failures = this.#failedAtMs.length;
    if (failures > FREE_RESTARTS) return SELDOM_MS;
    return Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** (failures - 1));
  }
}
