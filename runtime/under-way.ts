import { BluepostError } from "../protocol/errors.ts";

/**
 * Work that was started and that nobody waits for where it was started. A bug in it stays unhandled, as without this; a fault that is
 * thrown on purpose goes to `failed`, where there is one.
 */
export class UnderWay {
  readonly #failed: ((fault: BluepostError) => void) | null;
  readonly #all = new Set<Promise<void>>();

  constructor(failed: ((fault: BluepostError) => void) | null = null) {
    this.#failed = failed;
  }

  /** Whether some of it is not done yet. */
  get isBusy(): boolean {
    return this.#all.size > 0;
  }

  add(work: Promise<void>): void {
    const done = work.catch((fault: unknown) => this.#tell(fault)).finally(() => this.#all.delete(done));
    this.#all.add(done);
  }

  #tell(fault: unknown): void {
    if (!this.#failed || !(fault instanceof BluepostError)) throw fault;
    this.#failed(fault);
  }

  /** Resolves when all that was added is done, well or not. */
  async settled(): Promise<void> {
    while (this.isBusy) await Promise.allSettled(this.#all);
  }
}
