import type { Sql, SqlParams } from "./sql.ts";

/** What the caller of a turn may want to know before it gets the result. */
export interface TurnHooks {
  /** Called when all is written and the next turn may begin, while this one still waits for the flush. */
  readonly written?: () => void;
  /** Called when nothing of this turn was kept, before the next one begins. */
  readonly undone?: () => void;
}

/** What one caller may do while no other writes. */
export interface WriteTurn {
  /** Whether {@link begin} was called. */
  readonly begun: boolean;
  /** Begins the transaction, once. @throws {StoreError} RT_STORE_FAILED */
  begin(): Promise<Sql>;
  /** Runs the only statement of this turn: a transaction by itself, for two trips to the thread pool less. @throws {StoreError} RT_STORE_FAILED */
  single(sql: string, params?: SqlParams): Promise<number>;
}

/** The turn itself, and what it did. */
export class Turn implements WriteTurn {
  readonly #sql: Sql;
  #begun = false;
  #hasWritten = false;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Whether there may be something to flush. */
  get hasWritten(): boolean {
    return this.#hasWritten;
  }

  get begun(): boolean {
    return this.#begun;
  }

  async begin(): Promise<Sql> {
    if (!this.#begun) await this.#sql.run("BEGIN IMMEDIATE");
    this.#begun = true;
    this.#hasWritten = true;
    return this.#sql;
  }

  single(sql: string, params: SqlParams = []): Promise<number> {
    this.#hasWritten = true;
    return this.#sql.run(sql, params);
  }
}
