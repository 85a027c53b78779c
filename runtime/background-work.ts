/** What is to be worked off. */
export interface BackgroundJob {
  /** One transaction's worth. @returns whether there may be more */
  readonly step: () => Promise<boolean>;
  /** Told of a fault in work that nobody waits for. */
  readonly failed: (fault: unknown) => void;
}

/**
 * Works off what marks in a store say is left to do, one step after the other, never twice at a time. What a crash interrupts goes on at
 * the next start, since the marks are in the store.
 */
export class BackgroundWork {
  readonly #job: BackgroundJob;
  #tail: Promise<void> = Promise.resolve();
  #kicked = false;
  #stopped = false;

  constructor(job: BackgroundJob) {
    this.#job = job;
  }

  /** Starts working in the background. A fault is told to `failed`; the next call tries again. */
  kick(): void {
    if (this.#kicked) return;
    this.#kicked = true;
    this.settle().catch(this.#job.failed);
  }

  /** Resolves when everything marked before the call is done. @throws whatever a step throws */
  settle(): Promise<void> {
    const turn = this.#tail.then(() => this.#drain());
    this.#tail = turn.catch(() => undefined); // the caller gets the fault; the queue goes on
    return turn;
  }

  /** Resolves when the step under way is done; no other begins. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#tail;
  }

  async #drain(): Promise<void> {
    this.#kicked = false;
    while (!this.#stopped && (await this.#job.step()));
  }
}
