/** A rate limit with room for a burst. */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #filledAtMs: number;

  constructor(limits: { readonly perSecond: number; readonly burst: number; readonly nowMs: number }) {
    this.#perSecond = limits.perSecond;
    this.#burst = limits.burst;
    this.#tokens = limits.burst;
    this.#filledAtMs = limits.nowMs;
  }

  /** Takes one token. @param nowMs any clock; steps back are ignored @returns false when there is none */
  take(nowMs: number): boolean {
    const gained = (Math.max(0, nowMs - this.#filledAtMs) * this.#perSecond) / 1_000;
    if (gained >= 1 || nowMs < this.#filledAtMs) {
      this.#tokens = Math.min(this.#burst, this.#tokens + gained);
      this.#filledAtMs = nowMs;
    }
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
