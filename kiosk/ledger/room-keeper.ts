import { existsSync } from "node:fs";
import { open, rm } from "node:fs/promises";
import type { Stream } from "../../protocol/ids.ts";
import type { Logger } from "../../runtime/log.ts";
import { StoreError } from "../../runtime/sqlite/database.ts";
import type { Append, CheckinLog, Eviction, LoggedRow, RecordDraft, StreamLog } from "./checkin-log.ts";

/** Bytes kept back on the disk so that a tombstone and a day's check-ins still fit when it is full. */
const RESERVE_BYTES = 4 << 20;
/** Free space below which receipted rows are deleted at once, and above which the reserve is made again. */
const LOW_BYTES = 32 << 20;
/** Rows given up at a time when nothing gentler helps. */
const EVICT_ROWS = 400;
/** Rows given up at the least, and for each row that needs room: pages come free only where whole runs of rows go. */
const ENOUGH_ROWS = 64;
const ROOM_FACTOR = 4;

export interface RoomKeeperDeps {
  readonly log: CheckinLog;
  /** File that holds the reserve; null keeps none. */
  readonly reserveFile: string | null;
  readonly freeBytes: () => Promise<number>;
  /** Rows of each stream that the gateway has on its disk. */
  readonly custodyUpto: (stream: Stream) => number;
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
  append(rows: readonly Append[]): Promise<readonly LoggedRow[]> {
    const { log } = this.#deps;
    return this.#append(log, rows, [...this.#gentleSteps(), () => this.#evict(log, false)]);
  }

  /** The same for presence, which never costs a check-in. @throws {StoreError} RT_STORE_FAILED when there is no room */
  appendPresence(rows: readonly Append[]): Promise<readonly LoggedRow[]> {
    return this.#append(this.#deps.log.presence, rows, this.#gentleSteps());
  }

  async #append(log: StreamLog, rows: readonly Append[], steps: readonly Step[]): Promise<readonly LoggedRow[]> {
    try {
      return await log.append(rows);
    } catch (fault) {
      if (!isFull(fault)) throw fault;
      await this.#makeRoom(log, { rows: rows.length, steps });
      return log.append(rows); // once only: each try spends seals
    }
  }

  /** Goes no step further than needed. */
  async #makeRoom(log: StreamLog, need: { readonly rows: number; readonly steps: readonly Step[] }): Promise<void> {
    await this.#giveReserve();
    const enough = Math.min(EVICT_ROWS, Math.max(ENOUGH_ROWS, need.rows * ROOM_FACTOR));
    const gone = { receipted: 0, custody: 0, lost: 0 };
    for (const step of need.steps) {
      if (gone.receipted + gone.custody + gone.lost >= enough) break;
      const { receipted, custody, lost } = await step();
      gone.receipted += receipted;
      gone.custody += custody;
      gone.lost += lost;
    }
    this.#deps.logger.error("ledger.disk_full", { stream: log.key.stream, ...gone });
  }

  /** Call it now and then: makes the reserve while there is room, deletes receipted rows early when there is little. */
  async tend(): Promise<void> {
    const { log, reserveFile, freeBytes } = this.#deps;
    const free = await freeBytes();
    if (free < LOW_BYTES) {
      for (const stream of [log, log.presence]) await stream.prune(stream.watermark.upto);
      return;
    }
    await log.allowGrowth(true);
    if (reserveFile !== null && !existsSync(reserveFile)) await writeReserve(reserveFile);
  }

  /** What is safe elsewhere, then presence that is not. */
  #gentleSteps(): readonly Step[] {
    const { log } = this.#deps;
    return [
      () => this.#evict(log, true),
      () => this.#evict(log.presence, true),
      () => this.#evict(log.presence, false),
    ];
  }

  async #giveReserve(): Promise<void> {
    const { log, reserveFile } = this.#deps;
    if (reserveFile !== null) await rm(reserveFile, { force: true });
    await log.allowGrowth(false);
  }

  #evict(log: StreamLog, safeOnly: boolean): Promise<Eviction> {
    const { custodyUpto, draft } = this.#deps;
    return log.evict({
      rows: EVICT_ROWS,
      custodyUpto: custodyUpto(log.key.stream),
      safeOnly,
      tombstone: draft(),
    });
  }
}

/** One way to make room. */
type Step = () => Promise<Eviction>;

/** Whether a disk is full: a failing one must not cost rows. */
export function isFull(fault: unknown): boolean {
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
