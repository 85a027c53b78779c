/** Values on their way from one that pushes to one that waits, in order. The one that pushes watches `size` to stay bounded. */
export class AsyncQueue<Item> {
  readonly #items: Item[] = [];
  #wake = (): void => {};
  #drained: (() => void) | null = null;

  /** How many values wait. */
  get size(): number {
    return this.#items.length;
  }

  put(item: Item): void {
    this.#items.push(item);
    this.#wake();
  }

  /** The oldest value, as soon as there is one; null when `signal` aborts first. One caller at a time. */
  async take(signal: AbortSignal): Promise<Item | null> {
    while (this.#items.length === 0) {
      if (signal.aborted) return null;
      await this.#change(signal);
    }
    if (signal.aborted) return null;
    const item = this.#items.shift() as Item;
    if (this.#items.length === 0) {
      const drained = this.#drained;
      this.#drained = null;
      drained?.();
    }
    return item;
  }

  /** Calls `drained` once, when the last value that waits now has been taken. */
  whenEmpty(drained: () => void): void {
    this.#drained = drained;
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const woken = (): void => {
        signal.removeEventListener("abort", woken);
        this.#wake = () => {};
        resolve();
      };
      this.#wake = woken;
      signal.addEventListener("abort", woken, { once: true });
    });
  }
}
