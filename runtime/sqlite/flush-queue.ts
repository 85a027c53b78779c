/** Shares flushes: one covers everything that was written before it began, and only one runs at a time. */
export class FlushQueue {
  readonly #flush: () => Promise<void>;
  /** Writes so far, and how many of them are on the disk. */
  #written = 0;
  #covered = 0;
  #running: Promise<void> | null = null;

  /** @param flush brings to the disk what is written when it is called */
  constructor(flush: () => Promise<void>) {
    this.#flush = flush;
  }

  /** Notes something written that the next flush must cover. */
  written(): void {
    this.#written += 1;
  }

  /** Resolves when everything written before this call is on the disk. @throws whatever a flush throws */
  async covered(): Promise<void> {
    const upto = this.#written;
    while (this.#covered < upto) {
      this.#running ??= this.#run(); // one that began earlier may have missed the last write: then the loop asks for another
      await this.#running;
    }
  }

  async #run(): Promise<void> {
    const upto = this.#written;
    try {
      await this.#flush();
      this.#covered = upto;
    } finally {
      this.#running = null;
    }
  }
}
