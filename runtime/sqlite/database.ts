import { type FileHandle, open } from "node:fs/promises";
import sqlite3 from "sqlite3";
import { BluepostError, type Recovery } from "../../protocol/errors.ts";
import { FlushQueue } from "./flush-queue.ts";
import type { Sql, SqlParams, SqlRow } from "./sql.ts";
import { Turn, type TurnHooks, type WriteTurn } from "./turn.ts";

export type { Sql, SqlParams, SqlRow, SqlValue } from "./sql.ts";

/** A statement failed. `details.sqlite` is SQLite's own code, for example `SQLITE_FULL`. */
export class StoreError extends BluepostError {
  readonly code = "RT_STORE_FAILED";
  readonly recovery: Recovery;

  constructor(sqliteCode: string, options?: ErrorOptions) {
    super(`the database refused a statement (${sqliteCode})`, { sqlite: sqliteCode }, options);
    this.recovery = sqliteCode === "SQLITE_BUSY" ? "retry" : "operator";
  }
}

/** The file is not a sound SQLite database. */
export class StoreCorruptError extends BluepostError {
  readonly code = "RT_STORE_CORRUPT";
  readonly recovery = "operator";
}

/** How long a statement waits for another connection's lock. */
const BUSY_MS = 5_000;
const NOT_NOW = new Set(["SQLITE_BUSY", "SQLITE_LOCKED"]);
const CORRUPT = new Set(["SQLITE_CORRUPT", "SQLITE_NOTADB"]);

function translate(cause: Error): BluepostError {
  const code = "code" in cause && typeof cause.code === "string" ? cause.code : "SQLITE_ERROR";
  if (CORRUPT.has(code)) return new StoreCorruptError("the database file is damaged", { sqlite: code }, { cause });
  return new StoreError(code, { cause });
}

/** Statements kept prepared; generated ones beyond that are prepared anew each time. */
const MAX_STATEMENTS = 256;

export interface DatabaseOptions {
  /** Path of the database file; created when absent. */
  readonly file: string;
  /**
   * FULL (the default) and DATA: a commit survives a power cut. NORMAL: a cut may take the last commits. OFF only in tests that must fail.
   *
   * FULL leaves the flush to SQLite, which as the package builds it flushes the file's times too: on a journalling file system a
   * second write and a second flush whenever the clock has moved on. With DATA the log's content alone is flushed, here, after each
   * transaction; what is written outside a transaction is not.
   */
  readonly synchronous?: "FULL" | "DATA" | "NORMAL" | "OFF";
  /** Bytes, a power of two; takes effect on a new file only. */
  readonly pageSize?: number;
  /** Pages of write-ahead log after which it is copied into the file. */
  readonly walAutocheckpoint?: number;
  /** Whether to overwrite what a deleted or changed row held, where that costs no further page. The log keeps it until {@link Database.emptyLog}. */
  readonly wipes?: boolean;
  /** Whether to open for reading only, beside another connection that writes. */
  readonly readOnly?: boolean;
  /** Whether to leave a new file empty, for one that is only there to be locked. */
  readonly bare?: boolean;
}

/**
 * One connection of the `sqlite3` package in WAL mode, with transactions that cannot interleave.
 *
 * The package runs statements on a thread pool and keeps no order among prepared statements, so this class awaits each and
 * queues transactions one behind the other. Statements outside a transaction share the connection: they must only read.
 */
export class Database implements Sql {
  readonly file: string;
  readonly #driver: sqlite3.Database;
  readonly #statements = new Map<string, sqlite3.Statement>();
  /** The write-ahead log, where this class flushes it; null where SQLite does. */
  #log: FileHandle | null = null;
  readonly #flushes = new FlushQueue(() => this.#flush());
  #flushFault: StoreError | null = null;
  #damage: StoreCorruptError | null = null;
  #tail: Promise<unknown> = Promise.resolve();
  /** Calls on statements under way: SQLite does not close over one. */
  readonly #calls = new Set<Promise<unknown>>();
  #isClosed = false;

  private constructor(file: string, driver: sqlite3.Database) {
    this.file = file;
    this.#driver = driver;
  }

  /**
   * Opens a database file.
   *
   * @throws {StoreCorruptError} RT_STORE_CORRUPT when the file is not a database
   * @throws {StoreError} RT_STORE_FAILED when it cannot be opened
   */
  static async open(options: DatabaseOptions): Promise<Database> {
    const mode = options.readOnly ? sqlite3.OPEN_READONLY : sqlite3.OPEN_READWRITE | sqlite3.OPEN_CREATE;
    const driver = await new Promise<sqlite3.Database>((resolve, reject) => {
      const opened = new sqlite3.Database(options.file, mode, (fault) =>
        fault ? reject(translate(fault)) : resolve(opened),
      );
    });
    const database = new Database(options.file, driver);
    try {
      await database.#configure(options);
    } catch (fault) {
      await database.close();
      throw fault;
    }
    return database;
  }

  async #configure(options: DatabaseOptions): Promise<void> {
    await this.exec(`PRAGMA busy_timeout = ${BUSY_MS}; PRAGMA foreign_keys = ON`);
    if (options.readOnly || options.bare) return;
    if (options.wipes) await this.exec("PRAGMA secure_delete = FAST");
    if (options.pageSize) await this.exec(`PRAGMA page_size = ${options.pageSize}`);
    const { synchronous = "FULL" } = options;
    // NORMAL still flushes the log before and the file after a checkpoint, and the log's header and folder when it is begun
    await this.exec(
      `PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous === "DATA" ? "NORMAL" : synchronous}`,
    );
    if (options.walAutocheckpoint) await this.exec(`PRAGMA wal_autocheckpoint = ${options.walAutocheckpoint}`);
    if (synchronous === "DATA") this.#log = await this.#openLog();
  }

  /** SQLite locks the file and its index, never the log: a second handle on it takes no lock away. */
  async #openLog(): Promise<FileHandle> {
    await this.all("SELECT count(*) FROM sqlite_schema"); // the log is made by the first look into the file
    return open(`${this.file}-wal`, "r+").catch((cause: unknown) => {
      throw new StoreError("SQLITE_CANTOPEN", { cause });
    });
  }

  /** Runs several statements that return nothing. @throws {StoreError} RT_STORE_FAILED */
  exec(sql: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#driver.exec(sql, (fault) => (fault ? reject(this.#fault(fault)) : resolve()));
    });
  }

  run(sql: string, params: SqlParams = []): Promise<number> {
    const refused = (fault: Error): BluepostError => this.#fault(fault); // the driver calls back with a this of its own
    return this.#use(
      sql,
      (statement) =>
        new Promise((resolve, reject) => {
          statement.run(params, function (this: sqlite3.RunResult, fault: Error | null) {
            if (fault) reject(refused(fault));
            else resolve(this.changes);
          });
        }),
    );
  }

  all<Row extends object = SqlRow>(sql: string, params: SqlParams = []): Promise<Row[]> {
    return this.#use(
      sql,
      (statement) =>
        new Promise((resolve, reject) => {
          statement.all<Row>(params, (fault, rows) => (fault ? reject(this.#fault(fault)) : resolve(rows)));
        }),
    );
  }

  async get<Row extends object = SqlRow>(sql: string, params: SqlParams = []): Promise<Row | undefined> {
    return (await this.all<Row>(sql, params))[0];
  }

  /**
   * Runs `work` in one immediate transaction and commits; when this resolves, the rows are on the disk (synchronous FULL or DATA).
   *
   * @throws whatever `work` throws, after a rollback; {StoreError} RT_STORE_FAILED when the commit fails, nothing kept
   */
  transaction<Result>(work: (sql: Sql) => Promise<Result>, hooks: TurnHooks = {}): Promise<Result> {
    return this.inTurn(async (turn) => work(await turn.begin()), hooks);
  }

  /**
   * Like {@link transaction}, for work that finds out on its way whether it needs more than one statement.
   *
   * The next turn begins as soon as this one is written: while the disk flushes, others write, and one flush is shared by all that were
   * written before it began. What a turn reads of earlier ones may therefore not be on the disk yet; what it returns is, when it resolves.
   *
   * @throws as {@link transaction}
   */
  async inTurn<Result>(work: (turn: WriteTurn) => Promise<Result>, hooks: TurnHooks = {}): Promise<Result> {
    const turn = this.#tail.then(() => this.#transact(work, hooks));
    this.#tail = turn.catch(() => undefined); // the caller gets the fault; the queue goes on
    const result = await turn;
    if (this.#log) await this.#flushes.covered();
    return result;
  }

  async #transact<Result>(work: (turn: WriteTurn) => Promise<Result>, { written, undone }: TurnHooks): Promise<Result> {
    const turn = new Turn(this);
    try {
      if (this.#flushFault) throw this.#flushFault;
      const result = await work(turn);
      if (turn.begun) await this.run("COMMIT");
      if (turn.hasWritten) this.#flushes.written();
      written?.();
      return result;
    } catch (fault) {
      if (turn.begun) await this.run("ROLLBACK").catch(() => undefined); // SQLite may have rolled back by itself (SQLITE_FULL)
      undone?.();
      throw fault;
    }
  }

  /**
   * Copies the write-ahead log into the file and cuts it to nothing: what rows held before their last commit is then in neither.
   *
   * @returns whether it could: not while somebody reads, for nobody waits for that
   * @throws {StoreError} RT_STORE_FAILED when the disk fails
   */
  async emptyLog(): Promise<boolean> {
    await Promise.allSettled(this.#calls);
    return this.inTurn(async () => {
      await this.exec("PRAGMA busy_timeout = 0"); // whoever scans waits behind this turn
      try {
        return (await this.get<{ busy: number }>("PRAGMA wal_checkpoint(TRUNCATE)"))?.busy === 0;
      } catch (fault) {
        if (fault instanceof StoreError && NOT_NOW.has(`${fault.details["sqlite"]}`)) return false;
        throw fault;
      } finally {
        await this.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
      }
    });
  }

  /**
   * Asks the file a question, behind what was written before: resolves when it answers and this connection can still be trusted.
   *
   * @throws {StoreError} RT_STORE_FAILED, also when a flush failed before; {StoreCorruptError} RT_STORE_CORRUPT, also when something
   *   damaged was met before. Both stay until the file is opened anew
   */
  async probe(): Promise<void> {
    await this.inTurn(() => this.get("PRAGMA schema_version"));
    if (this.#damage) throw this.#damage;
  }

  /** Notes damage that SQLite itself cannot see: {@link probe} then tells of it. */
  noteDamage(damage: StoreCorruptError): void {
    this.#damage ??= damage;
  }

  #fault(cause: Error): BluepostError {
    const fault = translate(cause);
    if (fault instanceof StoreCorruptError) this.noteDamage(fault);
    return fault;
  }

  /** A flush that failed may have lost pages that the kernel now calls clean: nothing more is promised until the file is opened anew. */
  async #flush(): Promise<void> {
    if (this.#flushFault) throw this.#flushFault;
    try {
      await this.#log?.datasync();
    } catch (cause) {
      this.#flushFault = new StoreError("SQLITE_IOERR_FSYNC", { cause });
      throw this.#flushFault;
    }
  }

  /** Waits for what is under way, transactions and questions, then closes; further calls fail. */
  async close(): Promise<void> {
    await this.#tail;
    await this.#flushes.covered().catch(() => undefined); // who waits for it gets the fault
    this.#isClosed = true;
    await Promise.allSettled(this.#calls);
    for (const statement of this.#statements.values())
      await new Promise<void>((resolve) => statement.finalize(() => resolve()));
    this.#statements.clear();
    await this.#log?.close();
    this.#log = null;
    await new Promise<void>((resolve, reject) => {
      this.#driver.close((fault) => (fault ? reject(translate(fault)) : resolve()));
    });
  }

  /** Runs a call on a statement, which stays prepared for the next when there is room. */
  #use<Result>(sql: string, call: (statement: sqlite3.Statement) => Promise<Result>): Promise<Result> {
    if (this.#isClosed) return Promise.reject(new StoreError("SQLITE_MISUSE"));
    const done = this.#call(sql, call).finally(() => this.#calls.delete(done));
    this.#calls.add(done);
    return done;
  }

  async #call<Result>(sql: string, call: (statement: sqlite3.Statement) => Promise<Result>): Promise<Result> {
    const statement = this.#statements.get(sql) ?? (await this.#prepare(sql));
    try {
      return await call(statement);
    } finally {
      if (this.#statements.get(sql) !== statement) statement.finalize();
    }
  }

  /** Waits for the outcome: the package never answers a call on a statement that could not be prepared. */
  #prepare(sql: string): Promise<sqlite3.Statement> {
    return new Promise((resolve, reject) => {
      const statement = this.#driver.prepare(sql, (fault: Error | null) => {
        if (fault) {
          reject(this.#fault(fault));
          return;
        }
        const known = this.#statements.get(sql); // another call prepared the same text meanwhile
        if (known) statement.finalize();
        else if (this.#statements.size < MAX_STATEMENTS) this.#statements.set(sql, statement);
        resolve(known ?? statement);
      });
    });
  }
}
