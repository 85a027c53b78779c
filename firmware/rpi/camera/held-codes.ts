/** A code that was not seen for so long was taken away, milliseconds; shorter gaps are a blurred frame or a hand that moves. */
export const AWAY_MS = 1_500;

/** Tells codes that are newly before the lens from those that are held there: frame after frame shows the same. */
export class HeldCodes {
  readonly #lastSeenMs = new Map<string, number>();

  /**
   * Notes what one frame shows.
   *
   * @param nowMs when it was taken, of a clock that never jumps
   * @returns those that were not before the lens until now
   */
  fresh(codes: readonly Uint8Array[], nowMs: number): readonly Uint8Array[] {
    const shown = new Set(codes.map(keyOf));
    const fresh = codes.filter((bytes) => !this.#lastSeenMs.has(keyOf(bytes)));
    for (const code of shown) this.#lastSeenMs.set(code, nowMs);
    // only a frame without it tells that a code is away: frames may come seldom on a busy machine
    for (const [code, seenMs] of this.#lastSeenMs)
      if (!shown.has(code) && nowMs - seenMs >= AWAY_MS) this.#lastSeenMs.delete(code);
    return fresh;
  }
}

function keyOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}
