/** Work that was started and that nobody waits for where it was started. A fault of it stays unhandled, as without this. */
export class UnderWay {
  readonly #all = new Set<Promise<void>>();

  /** Whether some of it is not done yet. */
  get isBusy(): boolean {
    return this.#all.size > 0;
  }

  add(work: Promise<void>): void {
    const done = work.finally(() => this.#all.delete(done));
    this.#all.add(done);
  }

  /** Resolves when all that was added is done, well or not. */
  async settled(): Promise<void> {
    while (this.isBusy) await Promise.allSettled(this.#all);
  }
}
