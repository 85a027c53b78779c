import type { BoottimeMs } from "../../protocol/units.ts";

/** Companions announced by a bare number, waiting for the card that they belong to. */
export class PendingParty {
  readonly #windowMs: number;
  #announced: { readonly count: number; readonly untilMs: number } | null = null;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  announce(count: number, nowMs: BoottimeMs): void {
    this.#announced = { count, untilMs: nowMs + this.#windowMs };
  }

  /** Takes what was announced, if it is still fresh; the next visitor starts at 0. */
  take(nowMs: BoottimeMs): number {
    const announced = this.#announced;
    this.#announced = null;
    return announced && nowMs <= announced.untilMs ? announced.count : 0;
  }
}
