import { existsSync } from "node:fs";
import { open, rm } from "node:fs/promises";
import type { Logger } from "../../runtime/log.ts";
import { StoreError } from "../../runtime/sqlite/database.ts";
import type { Append, CheckinLog, LoggedRow, RecordDraft } from "./checkin-log.ts";

/** Bytes kept back on the disk so that a tombstone and a day's check-ins still fit when it is full. */
const RESERVE_BYTES = 4 << 20;
/** Free space below which receipted rows are deleted at once, and above which the reserve is made again. */
const LOW_BYTES = 32 << 20;
/** Rows given up at a time when nothing gentler helps. */
const EVICT_ROWS = 400;

export interface RoomKeeperDeps {
  readonly log: CheckinLog;
  /** File that holds the reserve; null keeps none. */
  readonly reserveFile: string | null;
  readonly freeBytes: () => Promise<number>;
  /** Rows that the gateway has on its disk. */
  readonly custodyUpto: () => number;
  /** Place and time for a tombstone. */
  readonly draft: () => RecordDraft;
  readonly logger: Logger;
}

/**
 * Keeps check-ins possible on a full disk: first the reserve goes, then rows, gentlest first (DESIGN section 4). What is given up
 * unconfirmed is named by a tombstone and logged; nothing is lost silently.
 */
export class RoomKeeper {
  readonly #deps: RoomKeeperDeps;

  constructor(deps: RoomKeeperDeps) {
    this.#deps = deps;
  }

  /** Appends; when the disk is full, makes room and tries once more. @throws {StoreError} RT_STORE_FAILED when that did not help */
  async append(rows: readonly Append[]): Promise<readonly LoggedRow[]> {
    try {
      return await this.#deps.log.append(rows);
    } catch (fault) {
      if (!isFull(fault)) throw fault;
      await this.#makeRoom();
      return await this.#deps.log.append(rows);
    }
  }

  /** Call it now and then: makes the reserve while there is room, deletes receipted rows early when there is little. */
  async tend(): Promise<void> {
    const { log, reserveFile, freeBytes } = this.#deps;
    const free = await freeBytes();
    if (free < LOW_BYTES) {
      await log.prune(log.watermark.upto);
      return;
    }
    await log.allowGrowth(true);
    if (reserveFile !== null && !existsSync(reserveFile)) await writeReserve(reserveFile);
  }

  async #makeRoom(): Promise<void> {
    const { log, reserveFile, custodyUpto, draft, logger } = this.#deps;
    if (reserveFile !== null) await rm(reserveFile, { force: true });
    await log.allowGrowth(false);
    const { receipted, custody, lost } = await log.evict({
      rows: EVICT_ROWS,
      custodyUpto: custodyUpto(),
      tombstone: draft(),
    });
    logger.error("ledger.disk_full", { receipted, custody, lost });
  }
}

/** Only a full disk: a failing one must not cost rows. */
function isFull(fault: unknown): boolean {
  return fault instanceof StoreError && fault.details["sqlite"] === "SQLITE_FULL";
}

/** Writes real bytes: a hole in a file keeps nothing back. */
async function writeReserve(path: string): Promise<void> {
  const file = await open(path, "w", 0o600);
  try {
    await file.writeFile(Buffer.alloc(RESERVE_BYTES, 0x55));
    await file.sync();
  } finally {
    await file.close();
  }
}
