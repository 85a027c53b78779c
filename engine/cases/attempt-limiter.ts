/** Refused codes that one address may send within the window, and all addresses together. */
const PER_ADDRESS = 10;
const TOGETHER = 1_000;
const WINDOW_MS = 600_000;

/**
 * Bounds guessing of codes: at 1,000 guesses in ten minutes one of 100 live codes of 40 bits is found in about 200 years. Addresses
 * are forgotten when the window ends.
 */
export class AttemptLimiter {
  readonly #now: () => number;
  readonly #refused = new Map<string, number>();
  #together = 0;
  #windowEndMs = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether this address may try now. */
  allows(address: string): boolean {
    const nowMs = this.#now();
    if (nowMs >= this.#windowEndMs) {
      this.#refused.clear();
      this.#together = 0;
      this.#windowEndMs = nowMs + WINDOW_MS;
    }
    return this.#together < TOGETHER && (this.#refused.get(address) ?? 0) < PER_ADDRESS;
  }

  /** Counts a refused code. */
  refused(address: string): void {
    this.#together += 1;
    this.#refused.set(address, (this.#refused.get(address) ?? 0) + 1);
  }
}
