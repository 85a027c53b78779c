import { join } from "node:path";
import { toHex } from "../../protocol/bytes.ts";
import { genesisHash } from "../../protocol/checkin/batch.ts";
import type { SessionHeader } from "../../protocol/checkin/sealing.ts";
import { firstDayKeys } from "../../protocol/checkin/visitor-tag.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import type { DeviceId, Epoch, SiteId, Stream } from "../../protocol/ids.ts";
import type { Logger } from "../../runtime/log.ts";
import { Database } from "../../runtime/sqlite/database.ts";
import type { Epochs } from "./epoch-copy.ts";
import {
  type HouseFacts,
  type LedgerHome,
  readStreamFacts,
  type StreamFacts,
  writeDayKeys,
  writeHome,
  writeStreamFacts,
} from "./facts.ts";
import { PAGE_BYTES, WAL_PAGES } from "./grow-log.ts";
import { TABLES } from "./rows.ts";
import { SqliteCheckinLog } from "./sqlite-checkin-log.ts";
import { type LogDeps, SqliteStreamLog } from "./sqlite-stream-log.ts";

/** Folder of the ledger's schema. */
export const MIGRATIONS: string = join(import.meta.dirname, "migrations");

export interface LedgerOptions {
  /** Folder of the ledger; made when absent. */
  readonly folder: string;
  readonly crypto: CryptoPort;
  readonly site: SiteId;
  readonly device: DeviceId;
  /** The machine as it is now, to notice a copied or restored card. */
  readonly home: LedgerHome;
  readonly log: Logger;
  /** Bytes kept back for a full disk; given up when a damaged ledger cannot be salvaged without. */
  readonly reserveFile?: string | null;
  /** OFF only in the test that must lose rows; everywhere else FULL. */
  readonly synchronous?: "FULL" | "OFF";
}

/** Opens the file of a ledger, or makes it; what stands in it is not looked at. */
export function openDatabase(file: string, { synchronous }: LedgerOptions): Promise<Database> {
  return Database.open({
    file,
    pageSize: PAGE_BYTES,
    walAutocheckpoint: WAL_PAGES,
    synchronous: synchronous === "OFF" ? "OFF" : "DATA", // every write is in a transaction
    wipes: true,
  });
}

/** Writes the first facts of a new ledger. @param kept day keys of an earlier one; default: new keys */
export async function createHouse(
  database: Database,
  { crypto, device, home }: LedgerOptions,
  kept?: Pick<HouseFacts, "dayKeys" | "dayKeysDay">,
): Promise<HouseFacts> {
  const { dayKeys, dayKeysDay } = kept ?? { dayKeys: firstDayKeys(crypto, crypto.randomBytes(32)), dayKeysDay: null };
  await database.transaction(async (sql) => {
    await writeHome(sql, home);
    await writeDayKeys(sql, dayKeys, dayKeysDay);
    await writeStreamFacts(sql, { ...newStream({ crypto, device }, "c"), stream: "c" });
  });
  return { home, dayKeys, dayKeysDay, emptied: null };
}

function newStream({ crypto, device }: Pick<LedgerOptions, "crypto" | "device">, stream: Stream): StreamFacts {
  const epoch = toHex(crypto.randomBytes(8)) as Epoch;
  const start = { upto: 0, hash: genesisHash(crypto, { device, epoch, stream }) };
  return { epoch, watermark: start, floor: start };
}

/** Goes on with the streams that a file holds, and begins those that it lacks. @param house.begun told of new epochs */
export async function resume(
  database: Database,
  { begun, ...house }: HouseFacts & { readonly isWiped: boolean; readonly begun: (epochs: Epochs) => Promise<void> },
  options: LedgerOptions,
): Promise<SqliteCheckinLog> {
  const [c, p] = [await resumeStream(database, options, "c"), await resumeStream(database, options, "p")];
  const presence = new SqliteStreamLog({ ...p, epochBegun: (epoch) => begun({ p: epoch }) });
  return new SqliteCheckinLog({ ...c, ...house, presence, epochBegun: (epoch) => begun({ c: epoch }) });
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
export async function loadStream(
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
