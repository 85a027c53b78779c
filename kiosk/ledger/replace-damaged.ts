import { rm } from "node:fs/promises";
import { toHex } from "../../protocol/bytes.ts";
import type { Stream } from "../../protocol/ids.ts";
import { Database, StoreCorruptError, StoreError } from "../../runtime/sqlite/database.ts";
import { migrate } from "../../runtime/sqlite/migrate.ts";
import { discardSalvage, isSalvageWhole, replaceLedger, salvageFile } from "./damaged-copies.ts";
import { EpochCopy, type Epochs } from "./epoch-copy.ts";
import { readHouseFacts } from "./facts.ts";
import { createHouse, type LedgerOptions, MIGRATIONS, openDatabase, resume } from "./resume.ts";
import { isFull } from "./room-keeper.ts";
import { NOTHING_SALVAGED, type Salvage, salvageStream } from "./salvage.ts";
import type { SqliteStreamLog } from "./sqlite-stream-log.ts";
import { readable } from "./still-readable.ts";

/** Ends a salvage that was cut off: one that was whole gets the ledger's place, a half-made one goes. */
export async function endSalvage(file: string, options: LedgerOptions): Promise<void> {
  if (isSalvageWhole(file)) await replaceLedger(file, freshId(options));
  await discardSalvage(file);
}

/**
 * Puts a new ledger in the place of a damaged one, with every row that the damaged one still gives. Until the new one is whole nothing
 * has changed, so whoever is cut off begins again. On a full disk the reserve goes, and what the engine has stays behind.
 *
 * @throws {StoreError} RT_STORE_FAILED when there is no room even so; the damaged ledger is where it was
 */
export async function replaceDamaged(file: string, options: LedgerOptions): Promise<void> {
  const { reserveFile = null, log } = options;
  const saved = await salvage(file, options, false).catch(async (fault: unknown) => {
    if (!isFull(fault) || reserveFile === null) throw fault;
    await rm(reserveFile, { force: true });
    return salvage(file, options, true);
  });
  await replaceLedger(file, freshId(options));
  const { c, p } = saved;
  log.warn("ledger.salvaged", { rows: c.rows, lost: c.lost, presenceRows: p.rows, presenceLost: p.lost });
}

type Saved = Readonly<Record<Stream, Salvage>>;

/** Makes a new ledger beside the damaged one, closed and on the disk; none when it throws. */
async function salvage(file: string, options: LedgerOptions, unconfirmedOnly: boolean): Promise<Saved> {
  await discardSalvage(file);
  const source = await openDamaged(file);
  const copied = (await readable(() => new EpochCopy(file, options.log).read())) ?? {};
  try {
    const into = await openDatabase(salvageFile(file), options);
    try {
      return await fill(into, options, { database: source, copied, unconfirmedOnly });
    } finally {
      await into.close();
    }
  } catch (fault) {
    await discardSalvage(file); // on a full disk its room is needed
    throw fault;
  } finally {
    await source?.close();
  }
}

async function fill(
  into: Database,
  options: LedgerOptions,
  from: { readonly database: Database | null; readonly copied: Epochs; readonly unconfirmedOnly: boolean },
): Promise<Saved> {
  const { database, copied, unconfirmedOnly } = from;
  await migrate(into, MIGRATIONS);
  const kept = database ? ((await readable(() => readHouseFacts(database))) ?? undefined) : undefined;
  const house = await createHouse(into, options, kept); // with the same keys the rows still tell who is inside
  const log = await resume(into, { ...house, isWiped: true, begun: async () => {} }, options);
  const take = async (stream: SqliteStreamLog): Promise<Salvage> =>
    database
      ? salvageStream({ database, copiedEpoch: copied[stream.key.stream], unconfirmedOnly }, stream)
      : NOTHING_SALVAGED;
  const saved = { c: await take(log), p: await take(log.presence) };
  if (!(await into.emptyLog())) throw new StoreError("SQLITE_BUSY"); // only the file itself takes the ledger's place
  return saved;
}

/** Null when nothing in it can be read at all. */
async function openDamaged(file: string): Promise<Database | null> {
  try {
    return await Database.open({ file, readOnly: true });
  } catch (fault) {
    if (fault instanceof StoreCorruptError) return null;
    throw fault;
  }
}

function freshId({ crypto }: LedgerOptions): string {
  return toHex(crypto.randomBytes(4));
}
