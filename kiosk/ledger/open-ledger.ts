import { existsSync } from "node:fs";
import { mkdir, open, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { toHex } from "../../protocol/bytes.ts";
import { genesisHash } from "../../protocol/checkin/batch.ts";
import { firstDayKeys } from "../../protocol/checkin/visitor-tag.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import { type DeviceId, type Epoch, parseEpoch, type SiteId } from "../../protocol/ids.ts";
import type { Logger } from "../../runtime/log.ts";
import { faultFields } from "../../runtime/log.ts";
import { Database, StoreCorruptError, StoreError } from "../../runtime/sqlite/database.ts";
import { migrate } from "../../runtime/sqlite/migrate.ts";
import { type Facts, type LedgerHome, readFacts, writeFacts } from "./facts.ts";
import { selectSessions } from "./rows.ts";
import { salvageRows } from "./salvage.ts";
import { SqliteCheckinLog } from "./sqlite-checkin-log.ts";

/** Small pages: a scan writes one, and a flash card wears by the page. Measured in `npm run bench -- ledger`. */
const PAGE_BYTES = 1_024;
/** Pages of the write-ahead log; a commit into a log that need not grow costs one flush, into one that grows two. */
const WAL_PAGES = 256;
const MIGRATIONS = join(import.meta.dirname, "migrations");

export interface LedgerOptions {
  /** Folder of the ledger; made when absent. */
  readonly folder: string;
  readonly crypto: CryptoPort;
  readonly site: SiteId;
  readonly device: DeviceId;
  /** The machine as it is now, to notice a copied or restored card. */
  readonly home: LedgerHome;
  /** Seed of the site's day keys, 32 bytes; random until the engine has given one. */
  readonly siteSeed?: Uint8Array;
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
  });
  try {
    await requireSound(database);
    await migrate(database, MIGRATIONS);
    await growOnce(database);
    const known = await readFacts(database);
    const facts = known ?? (await createFacts(database, file, options));
    const log = await resume(database, facts, options);
    if (!known || sameHome(known.home, options.home)) return log;
    const reissued = await log.startEpoch();
    await database.transaction((sql) => writeFacts(sql, { ...facts, home: options.home }, ["home"]));
    await writeEpochCopy(file, log.key.epoch);
    options.log.warn("ledger.moved_to_other_machine", { reissued });
    return log;
  } catch (fault) {
    await database.close();
    throw fault;
  }
}

/** Lets log and file grow now, in one go, instead of a little with each of the first scans. */
async function growOnce(database: Database): Promise<void> {
  try {
    await database.exec(
      `CREATE TABLE grown (filler BLOB); INSERT INTO grown VALUES (zeroblob(${PAGE_BYTES * WAL_PAGES})); DROP TABLE grown`,
    );
  } catch (fault) {
    if (!(fault instanceof StoreError)) throw fault;
    await database.exec("DROP TABLE IF EXISTS grown"); // a full disk: then it stays as it is
  }
}

async function requireSound(database: Database): Promise<void> {
  const rows = await database.all<{ quick_check: string }>("PRAGMA quick_check(1)");
  if (rows[0]?.quick_check !== "ok") throw new StoreCorruptError("the ledger fails its own check");
}

/** An unknown serial says nothing; two known and different ones say that the card moved. */
function sameHome(stored: LedgerHome, found: LedgerHome): boolean {
  const same = (a: string, b: string): boolean => a === "" || b === "" || a === b;
  return same(stored.socSerial, found.socSerial) && same(stored.cardCid, found.cardCid);
}

async function createFacts(database: Database, file: string, options: LedgerOptions): Promise<Facts> {
  const epoch = toHex(options.crypto.randomBytes(8)) as Epoch;
  const start = { upto: 0, hash: genesisHash(options.crypto, { device: options.device, epoch, stream: "c" }) };
  const facts: Facts = {
    epoch,
    home: options.home,
    watermark: start,
    floor: start,
    dayKeys: firstDayKeys(options.crypto, options.siteSeed ?? options.crypto.randomBytes(32)),
    dayKeysDay: null,
  };
  await database.transaction((sql) => writeFacts(sql, facts));
  await writeEpochCopy(file, epoch);
  return facts;
}

async function resume(database: Database, facts: Facts, options: LedgerOptions): Promise<SqliteCheckinLog> {
  const last = await database.get<{ seq: number | null }>("SELECT max(seq) AS seq FROM checkins");
  const cut = await database.get<{ seq: number; cut: Uint8Array }>(
    "SELECT seq, cut FROM checkins WHERE cut IS NOT NULL ORDER BY seq DESC LIMIT 1",
  );
  const { crypto, site, device } = options;
  return new SqliteCheckinLog({
    database,
    crypto,
    site,
    device,
    facts,
    sessions: await selectSessions(database),
    lastSeq: last?.seq ?? facts.floor.upto,
    lastCut: cut ? { upto: cut.seq, hash: new Uint8Array(cut.cut) } : facts.floor,
  });
}

/** Keeps the epoch a second time outside the database: without it, salvaged seals could not be opened. */
async function writeEpochCopy(file: string, epoch: Epoch): Promise<void> {
  const path = `${file}.epoch`;
  await writeFile(`${path}.new`, epoch, { mode: 0o600, flush: true });
  await rename(`${path}.new`, path);
  await syncFolder(dirname(file));
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path);
  await folder.sync();
  await folder.close();
}

async function replaceDamaged(file: string, options: LedgerOptions): Promise<SqliteCheckinLog> {
  const name = `${file}.corrupt-${toHex(options.crypto.randomBytes(4))}`;
  for (const suffix of ["", "-wal", "-shm"]) if (existsSync(file + suffix)) await rename(file + suffix, name + suffix);
  const oldEpoch = existsSync(`${file}.epoch`) ? parseEpoch((await readFile(`${file}.epoch`, "utf8")).trim()) : null;
  const log = await openSound(file, options);
  const saved = oldEpoch ? await salvageRows(name, oldEpoch, log) : { rows: 0, unreadable: 0 };
  options.log.warn("ledger.salvaged", { rows: saved.rows, unreadable: saved.unreadable });
  return log;
}
