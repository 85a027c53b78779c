import { Database, StoreError } from "./database.ts";

/** Rounds beside the writer before the last one, which holds it up: each leaves what was written meanwhile. */
const MAX_ROUNDS = 4;
/** So much may be left for the last one: a share of `everyBytes`. */
const SMALL_SHARE = 1 / 16;

/**
 * Copies a database's write-ahead log into its file on a connection of its own, while others go on writing.
 *
 * SQLite's own way is that the commit which makes the log too long copies it, and all that come after wait: at full load two
 * fifths of the writer's time. SQLite allows one connection to copy while another appends (its documentation, "Write-Ahead Logging", section 2.1), and
 * begins the log anew when a commit finds all of it copied; the last round, between two turns of the writer, sees to that.
 *
 * The writer's `walAutocheckpoint` stays as the bound for when this cannot keep up, or fails.
 */
export class Checkpointer {
  readonly #writer: Database;
  readonly #aside: Database;
  readonly #everyBytes: number;
  #bytes = 0;
  #running: Promise<void> | null = null;

  private constructor(writer: Database, aside: Database, everyBytes: number) {
    this.#writer = writer;
    this.#aside = aside;
    this.#everyBytes = everyBytes;
  }

  /**
   * Opens the second connection.
   *
   * @param options.everyBytes what may be written, about, before the log is copied
   * @throws {StoreError} RT_STORE_FAILED
   */
  static async open(writer: Database, { everyBytes }: { readonly everyBytes: number }): Promise<Checkpointer> {
    return new Checkpointer(writer, await Database.open({ file: writer.file }), everyBytes);
  }

  /** Notes about how many bytes a turn of the writer has added to the log. */
  wrote(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes >= this.#everyBytes) this.#running ??= this.#run();
  }

  /** Finishes the copying under way and closes the connection; call it before the writer is closed. */
  async close(): Promise<void> {
    await this.#running;
    await this.#aside.close();
  }

  async #run(): Promise<void> {
    try {
      for (let round = 0; round < MAX_ROUNDS && this.#bytes > SMALL_SHARE * this.#everyBytes; round += 1) {
        this.#bytes = 0;
        await copyLog(this.#aside);
      }
      this.#bytes = 0;
      await this.#writer.inTurn(() => copyLog(this.#writer));
    } catch (fault) {
      if (!(fault instanceof StoreError)) throw fault; // the log stays, and with it every row; the next turns ask again
    } finally {
      this.#running = null;
    }
  }
}

/** Copies what no reader still needs to be in the log; waits for nobody. */
async function copyLog(db: Database): Promise<void> {
  await db.get("PRAGMA wal_checkpoint(PASSIVE)");
}
