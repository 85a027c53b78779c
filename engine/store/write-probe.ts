import { SECOND_MS } from "../../protocol/units.ts";
import type { Database } from "../../runtime/sqlite/database.ts";

/** A write that worked proves the disk for so long: whoever asks often costs no more flushes. */
const GOOD_FOR_MS = 10 * SECOND_MS;

/**
 * Proves that the store takes writes. It commits one small row: a transaction that writes nothing begins and ends well on a full disk.
 */
export class WriteProbe {
  readonly #database: Database;
  readonly #now: () => number;
  #provedMs = Number.NEGATIVE_INFINITY;
  #underWay: Promise<void> | null = null;

  constructor(database: Database, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  /** Resolves when a write worked just now or seconds ago. @throws {StoreError} RT_STORE_FAILED */
  prove(): Promise<void> {
    if (Math.abs(this.#now() - this.#provedMs) < GOOD_FOR_MS) return Promise.resolve();
    this.#underWay ??= this.#write().finally(() => {
      this.#underWay = null;
    });
    return this.#underWay;
  }

  async #write(): Promise<void> {
    await this.#database.transaction((sql) =>
      sql.run("INSERT INTO counter (name, n) VALUES ('probe', 1) ON CONFLICT DO UPDATE SET n = n + 1"),
    );
    this.#provedMs = this.#now();
  }
}
