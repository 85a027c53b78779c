import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { Database } from "../../runtime/sqlite/database.ts";
import { migrate } from "../../runtime/sqlite/migrate.ts";

const CACHE_KIB = 65_536;
/** A reader of this or another process holds the log for milliseconds. */
const WIPE_TRIES = 40;
const WIPE_AGAIN_MS = 25;

/** The engine's database: one connection that writes, one that reads what is committed and nothing else. */
export interface EngineStore {
  readonly writer: Database;
  readonly reader: Database;
  /**
   * Takes what was deleted out of the files too, as far as whole pages were not freed: out of the log and of changed pages. While another
   * process reads without a pause, the next call does it.
   */
  wipe(): Promise<void>;
  close(): Promise<void>;
}

/** Path of the database within the engine's data folder. */
export function storeFile(dataDir: string): string {
  return join(dataDir, "engine.db");
}

/**
 * Opens the store in `dataDir`, both made when absent, and brings its schema up to date.
 *
 * @throws {StoreError} RT_STORE_FAILED, {StoreCorruptError} RT_STORE_CORRUPT, {StoreTooNewError} RT_STORE_TOO_NEW
 */
export async function openStore(dataDir: string, synchronous: "FULL" | "NORMAL" | "OFF"): Promise<EngineStore> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const file = storeFile(dataDir);
  const writer = await Database.open({ file, synchronous, wipes: true });
  try {
    await migrate(writer, join(import.meta.dirname, "migrations"));
    await writer.exec(`PRAGMA cache_size = -${CACHE_KIB}`);
    const reader = await Database.open({ file, readOnly: true });
    const close = async (): Promise<void> => {
      await reader.close();
      await writer.close();
    };
    const wipe = async (): Promise<void> => {
      for (let tries = 0; tries < WIPE_TRIES && !(await writer.emptyLog()); tries += 1) await setTimeout(WIPE_AGAIN_MS);
    };
    return { writer, reader, wipe, close };
  } catch (fault) {
    await writer.close();
    throw fault;
  }
}
