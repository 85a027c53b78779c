/** What waits for the next commit. */
interface Waiting<Job, Result> {
  readonly job: Job;
  readonly resolve: (result: Result) => void;
  readonly reject: (fault: unknown) => void;
}

/**
 * Gathers jobs that arrive while a commit is under way into the next one: one flush for all of them.
 *
 * A lone job is committed at once. `commit` gets the jobs in order of arrival and returns one result each; when it throws,
 * every job of that group fails with the same fault. It may call `next` once, when the next group can be written while this one still
 * waits for the disk.
 */
export class GroupCommit<Job, Result> {
  readonly #commit: (jobs: readonly Job[], next: () => void) => Promise<readonly Result[]>;
  readonly #maxGroup: number;
  #waiting: Waiting<Job, Result>[] = [];
  #running: Promise<void> | null = null;
  readonly #underWay = new Set<Promise<void>>();

  constructor(options: {
    readonly commit: (jobs: readonly Job[], next: () => void) => Promise<readonly Result[]>;
    readonly maxGroup: number;
  }) {
    this.#commit = options.commit;
    this.#maxGroup = options.maxGroup;
  }

  /** Jobs that no commit has taken up yet. */
  get queued(): number {
    return this.#waiting.length;
  }

  /** Resolves when the job is committed. */
  add(job: Job): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      this.#waiting.push({ job, resolve, reject });
      this.#running ??= this.#drain();
    });
  }

  /** Resolves when nothing waits and nothing runs. */
  async idle(): Promise<void> {
    while (this.#running !== null || this.#underWay.size > 0) await Promise.all([this.#running, ...this.#underWay]);
  }

  async #drain(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve)); // one turn of the loop: what arrived together commits together
    while (this.#waiting.length > 0) {
      const group = this.#waiting.slice(0, this.#maxGroup);
      this.#waiting = this.#waiting.slice(this.#maxGroup);
      await new Promise<void>((next) => this.#start(group, next));
    }
    this.#running = null;
  }

  #start(group: readonly Waiting<Job, Result>[], next: () => void): void {
    const commit = this.#commitGroup(group, next).finally(() => {
      this.#underWay.delete(commit);
      next();
    });
    this.#underWay.add(commit);
  }

  async #commitGroup(group: readonly Waiting<Job, Result>[], next: () => void): Promise<void> {
    try {
      const results = await this.#commit(
        group.map(({ job }) => job),
        next,
      );
      for (const [at, waiting] of group.entries()) waiting.resolve(results[at] as Result);
    } catch (fault) {
      for (const waiting of group) waiting.reject(fault);
    }
  }
}
