import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { toHex } from "../../protocol/bytes.ts";
import { genesisHash } from "../../protocol/checkin/batch.ts";
import type { SessionHeader } from "../../protocol/checkin/sealing.ts";
import { firstDayKeys } from "../../protocol/checkin/visitor-tag.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import type { DeviceId, Epoch, SiteId, Stream } from "../../protocol/ids.ts";
import type { Logger } from "../../runtime/log.ts";
import { faultFields } from "../../runtime/log.ts";
import { Database, StoreCorruptError } from "../../runtime/sqlite/database.ts";
import { migrate } from "../../runtime/sqlite/migrate.ts";
import type { StreamLog } from "./checkin-log.ts";
import { setAside } from "./damaged-copies.ts";
import { EpochCopy, syncFolder } from "./epoch-copy.ts";
import {
  type HouseFacts,
  type LedgerHome,
  readHouseFacts,
  readStreamFacts,
  type StreamFacts,
  writeDayKeys,
  writeHome,
  writeStreamFacts,
} from "./facts.ts";
import { growLog, PAGE_BYTES, WAL_PAGES } from "./grow-log.ts";
import { requireSoundPages, requireSoundRows } from "./require-sound.ts";
import { TABLES } from "./rows.ts";
import { salvageRows } from "./salvage.ts";
import { SqliteCheckinLog } from "./sqlite-checkin-log.ts";
import { type LogDeps, SqliteStreamLog } from "./sqlite-stream-log.ts";

const MIGRATIONS = join(import.meta.dirname, "migrations");
const NOTHING = { rows: 0, unreadable: 0 };

export interface LedgerOptions {
  /** Folder of the ledger; made when absent. */
  readonly folder: string;
  readonly crypto: CryptoPort;
  readonly site: SiteId;
  readonly device: DeviceId;
  /** The machine as it is now, to notice a copied or restored card. */
  readonly home: LedgerHome;
  readonly log: Logger;
  /** OFF only in the test that must lose rows; everywhere else FULL. */
  readonly synchronous?: "FULL" | "OFF";
}

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
  try {
    return await openSound(file, options);
  } catch (fault) {
    if (!(fault instanceof StoreCorruptError)) throw fault;
    options.log.error("ledger.corrupt", faultFields(fault));
    return replaceDamaged(file, options);
  }
}

async function openSound(file: string, options: LedgerOptions): Promise<SqliteCheckinLog> {
  const database = await Database.open({
    file,
    pageSize: PAGE_BYTES,
    walAutocheckpoint: WAL_PAGES,
    synchronous: options.synchronous === "OFF" ? "OFF" : "DATA", // every write is in a transaction
    wipes: true,
  });
  try {
    await requireSoundPages(database);
    await migrate(database, MIGRATIONS);
    for (const stream of ["c", "p"] as const) await requireSoundRows(database, stream);
    const isWiped = await database.emptyLog(); // after a power cut it may hold keys that were replaced
    await growLog(database);
    const house = await readHouseFacts(database);
    const copy = new EpochCopy(file, options.log);
    const facts = { ...(house ?? (await createHouse(database, options))), isWiped, copy };
    const log = await resume(database, facts, options);
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

async function createHouse(database: Database, options: LedgerOptions): Promise<HouseFacts> {
  const { crypto, home } = options;
  const dayKeys = firstDayKeys(crypto, crypto.randomBytes(32));
  const house = { home, dayKeys, dayKeysDay: null, emptied: null };
  await database.transaction(async (sql) => {
    await writeHome(sql, home);
    await writeDayKeys(sql, house.dayKeys, null);
    await writeStreamFacts(sql, { ...newStream(options, "c"), stream: "c" });
  });
  return house;
}

function newStream({ crypto, device }: LedgerOptions, stream: Stream): StreamFacts {
  const epoch = toHex(crypto.randomBytes(8)) as Epoch;
  const start = { upto: 0, hash: genesisHash(crypto, { device, epoch, stream }) };
  return { epoch, watermark: start, floor: start };
}

async function resume(
  database: Database,
  { copy, ...house }: HouseFacts & { readonly isWiped: boolean; readonly copy: EpochCopy },
  options: LedgerOptions,
): Promise<SqliteCheckinLog> {
  const [c, p] = [await resumeStream(database, options, "c"), await resumeStream(database, options, "p")];
  const presence = new SqliteStreamLog({ ...p, epochBegun: (epoch) => copy.keep({ p: epoch }) });
  return new SqliteCheckinLog({ ...c, ...house, presence, epochBegun: (epoch) => copy.keep({ c: epoch }) });
}

async function resumeStream(database: Database, options: LedgerOptions, stream: Stream): Promise<LogDeps> {
  const known = await loadStream(database, options, stream);
  if (known) return known;
  const facts = newStream(options, stream);
  await database.transaction((sql) => writeStreamFacts(sql, { ...facts, stream }));
  const { crypto, site, device } = options;
  const sessions = new Map<string, SessionHeader>();
  return { stream, database, crypto, site, device, facts, sessions, lastSeq: 0, lastCut: facts.floor };
}

/** What a stream's log goes on from; null when the ledger does not have the stream yet. */
async function loadStream(
  database: Database,
  { crypto, site, device }: Pick<LedgerOptions, "crypto" | "site" | "device">,
  stream: Stream,
): Promise<LogDeps | null> {
  const tables = TABLES[stream];
  const facts = await readStreamFacts(database, stream);
  return (
    facts && {
      stream,
      database,
      crypto,
      site,
      device,
      facts,
      sessions: await tables.selectSessions(database),
      lastSeq: (await tables.edge(database, "DESC")) ?? facts.floor.upto,
      lastCut: (await tables.lastCut(database)) ?? facts.floor,
    }
  );
}

async function replaceDamaged(file: string, options: LedgerOptions): Promise<SqliteCheckinLog> {
  const name = await setAside(file, toHex(options.crypto.randomBytes(4)));
  const { c: checkins, p: presence } = await new EpochCopy(file, options.log).read();
  const log = await openSound(file, options);
  const saved = checkins ? await salvageRows(name, checkins, log) : NOTHING;
  const heard = presence ? await salvageRows(name, presence, log.presence) : NOTHING;
  options.log.warn("ledger.salvaged", {
    rows: saved.rows,
    unreadable: saved.unreadable,
    presenceRows: heard.rows,
    presenceUnreadable: heard.unreadable,
  });
  return log;
}
