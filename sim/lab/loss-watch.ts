/** After this time a row that a screen confirmed, and that is neither on the kiosk nor at the engine, counts as lost, milliseconds. */
export const SETTLE_MS = 20_000;

/** What is known of one kiosk's rows at one moment. */
export interface LossLook {
  /** Rows that its screen confirmed {@link SETTLE_MS} ago or earlier, and that the engine does not hold. */
  readonly missing: number;
  /** Rows that the kiosk says it has still to send; null while it is dark. */
  readonly unsent: number | null;
}

/** Tells rows that are lost from rows that are still between a kiosk and the engine: the gateway hands on what it has within seconds. */
export class LossWatch {
  #sinceMs: number | null = null;
  #lost = 0;

  /** @returns rows that are lost. A dark kiosk cannot say what it holds: nothing new is then called lost */
  look({ missing, unsent }: LossLook, nowMs: number): number {
    const astray = Math.max(0, missing - (unsent ?? missing));
    if (unsent === null) {
      this.#sinceMs = null;
      this.#lost = Math.min(this.#lost, missing);
    } else if (astray === 0) {
      this.#sinceMs = null;
      this.#lost = 0;
    } else {
      this.#sinceMs ??= nowMs;
      this.#lost = nowMs - this.#sinceMs >= SETTLE_MS ? astray : Math.min(this.#lost, astray);
    }
    return this.#lost;
  }
}
