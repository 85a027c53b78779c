import { equalBytes } from "../../protocol/bytes.ts";
import type { DayKeys } from "../../protocol/checkin/visitor-tag.ts";
import type { CheckinLog } from "./checkin-log.ts";
import { removeDamagedCopies } from "./damaged-copies.ts";
import { type HouseFacts, writeDayKeys, writeEmptied } from "./facts.ts";
import { growLog } from "./grow-log.ts";
import { type LogDeps, SqliteStreamLog } from "./sqlite-stream-log.ts";

/** SQLite's own limit on the number of pages. */
const MAX_PAGES = 4_294_967_294;

/** What the ledger is opened with; made by kiosk/ledger/open-ledger.ts. */
export interface LedgerDeps extends LogDeps {
  readonly presence: SqliteStreamLog;
  readonly dayKeys: DayKeys;
  readonly dayKeysDay: number | null;
  readonly emptied: HouseFacts["emptied"];
  /** Whether no key that was replaced is on the disk. */
  readonly isWiped: boolean;
}

/** The {@link CheckinLog} over SQLite: both streams and the day keys in one file, each stream with tables of its own. */
export class SqliteCheckinLog extends SqliteStreamLog implements CheckinLog {
  readonly presence: SqliteStreamLog;
  readonly #database: LogDeps["database"];
  #dayKeys: DayKeys;
  #dayKeysDay: number | null;
  #mayGrow = false;
  #emptied: HouseFacts["emptied"];
  #isWiped: boolean;
  /** Whether damaged ledgers that were set aside are of days whose keys must go. */
  #hasTurned = false;

  constructor(deps: LedgerDeps) {
    super(deps);
    this.presence = deps.presence;
    this.#database = deps.database;
    this.#dayKeys = deps.dayKeys;
    this.#dayKeysDay = deps.dayKeysDay;
    this.#emptied = deps.emptied;
    this.#isWiped = deps.isWiped;
  }

  get dayKeys(): DayKeys {
    return this.#dayKeys;
  }

  get dayKeysDay(): number | null {
    return this.#dayKeysDay;
  }

  get emptiedUpto(): number {
    return this.#emptied?.epoch === this.key.epoch ? this.#emptied.upto : 0;
  }

  async noteEmptied(): Promise<void> {
    const { epoch } = this.key;
    const upto = this.lastSeq;
    await this.#database.transaction((sql) => writeEmptied(sql, epoch, upto));
    this.#emptied = { epoch, upto };
  }

  async saveDayKeys(dayKeys: DayKeys, siteDay: number | null): Promise<void> {
    await this.#database.transaction((sql) => writeDayKeys(sql, dayKeys, siteDay));
    if (!equalBytes(dayKeys.tagKey, this.#dayKeys.tagKey)) {
      this.#isWiped = false;
      this.#hasTurned = true;
    }
    this.#dayKeys = dayKeys;
    this.#dayKeysDay = siteDay;
  }

  async wipe(): Promise<boolean> {
    if (this.#hasTurned) await removeDamagedCopies(this.#database.file);
    this.#hasTurned = false;
    if (this.#isWiped || !(await this.#database.emptyLog())) return this.#isWiped;
    this.#isWiped = true;
    await growLog(this.#database);
    return true;
  }

  /**
   * Resolves when the ledger answers, and what it writes can be relied upon.
   *
   * @throws {StoreError} RT_STORE_FAILED or {StoreCorruptError} RT_STORE_CORRUPT, until the ledger is opened anew
   */
  probe(): Promise<void> {
    return this.#database.probe();
  }

  async allowGrowth(allowed: boolean): Promise<void> {
    if (allowed && this.#mayGrow) return; // asked twice a minute
    const row = await this.#database.get<{ page_count: number }>("PRAGMA page_count");
    const pages = allowed ? MAX_PAGES : Math.max(1, row?.page_count ?? MAX_PAGES);
    await this.#database.exec(`PRAGMA max_page_count = ${pages}`);
    this.#mayGrow = allowed;
  }

  async close(): Promise<void> {
    await this.presence.settle();
    await this.settle();
    await this.#database.close();
  }
}
