import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { faultFields } from "../../runtime/log.ts";
import { Database, StoreCorruptError } from "../../runtime/sqlite/database.ts";
import { migrate } from "../../runtime/sqlite/migrate.ts";
import type { StreamLog } from "./checkin-log.ts";
import { EpochCopy, syncFolder } from "./epoch-copy.ts";
import { type LedgerHome, readHouseFacts, writeHome } from "./facts.ts";
import { growLog } from "./grow-log.ts";
import { endSalvage, replaceDamaged } from "./replace-damaged.ts";
import { requireSoundPages, requireSoundRows } from "./require-sound.ts";
import { createHouse, type LedgerOptions, loadStream, MIGRATIONS, openDatabase, resume } from "./resume.ts";
import type { SqliteCheckinLog } from "./sqlite-checkin-log.ts";
import { SqliteStreamLog } from "./sqlite-stream-log.ts";

export type { LedgerOptions } from "./resume.ts";

/**
 * Opens the ledger of a kiosk and keeps serving whatever it finds: a new folder, a sound file, a damaged one (renamed, its rows
 * salvaged into a new epoch), or another machine's (a new epoch, so that two copies never merge).
 *
 * @throws {StoreError} RT_STORE_FAILED when the folder cannot be written
 */
export async function openLedger(options: LedgerOptions): Promise<SqliteCheckinLog> {
  await mkdir(options.folder, { recursive: true, mode: 0o700 });
  for (const parent of [dirname(options.folder), dirname(dirname(options.folder))]) await syncFolder(parent); // a new name must last
  const file = join(options.folder, "ledger.db");
  await endSalvage(file, options);
  try {
    return await openSound(file, options);
  } catch (fault) {
    if (!(fault instanceof StoreCorruptError)) throw fault;
    options.log.error("ledger.corrupt", faultFields(fault));
    await replaceDamaged(file, options);
    return openSound(file, options);
  }
}

async function openSound(file: string, options: LedgerOptions): Promise<SqliteCheckinLog> {
  const database = await openDatabase(file, options);
  try {
    await requireSoundPages(database);
    await migrate(database, MIGRATIONS);
    for (const stream of ["c", "p"] as const) await requireSoundRows(database, stream);
    const isWiped = await database.emptyLog(); // after a power cut it may hold keys that were replaced
    await growLog(database);
    const copy = new EpochCopy(file, options.log);
    const house = await readHouseFacts(database);
    const facts = { ...(house ?? (await createHouse(database, options))), isWiped };
    const log = await resume(database, { ...facts, begun: (epochs) => copy.keep(epochs) }, options);
    await copy.keep({ c: log.key.epoch, p: log.presence.key.epoch });
    if (house && !sameHome(house.home, options.home)) await moveHome(database, log, options);
    return log;
  } catch (fault) {
    await database.close();
    throw fault;
  }
}

/** A ledger opened for looking only. */
export interface PeekedLedger {
  /** Its streams, check-ins first. */
  readonly logs: readonly Pick<StreamLog, "key" | "watermark" | "lastSeq" | "nextBatch">[];
  close(): Promise<void>;
}

/** Opens a ledger for looking only, beside a service that may be running on it; null when there is none. */
export async function peekLedger(
  options: Pick<LedgerOptions, "folder" | "crypto" | "site" | "device">,
): Promise<PeekedLedger | null> {
  const file = join(options.folder, "ledger.db");
  if (!existsSync(file)) return null;
  const database = await Database.open({ file, readOnly: true });
  try {
    const found = [await loadStream(database, options, "c"), await loadStream(database, options, "p")];
    const logs = found.flatMap((deps) => (deps ? [new SqliteStreamLog(deps)] : []));
    if (logs.length > 0) return { logs, close: () => database.close() };
  } catch (fault) {
    await database.close();
    throw fault;
  }
  await database.close();
  return null;
}

/** An unknown serial says nothing; two known and different ones say that the card moved. */
function sameHome(stored: LedgerHome, found: LedgerHome): boolean {
  const same = (a: string, b: string): boolean => a === "" || b === "" || a === b;
  return same(stored.socSerial, found.socSerial) && same(stored.cardCid, found.cardCid);
}

/** Two copies of one card must never merge: both streams go on in a new epoch. */
async function moveHome(database: Database, log: SqliteCheckinLog, options: LedgerOptions): Promise<void> {
  const reissued = (await log.startEpoch()) + (await log.presence.startEpoch());
  await database.transaction((sql) => writeHome(sql, options.home));
  options.log.warn("ledger.moved_to_other_machine", { reissued });
}
