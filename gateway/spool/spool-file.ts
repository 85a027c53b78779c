import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { BluepostError } from "../../protocol/errors.ts";
import { Database, StoreError } from "../../runtime/sqlite/database.ts";
import { FIRST_WORKER, type GatewayConfig, isFurtherWorker } from "../config.ts";

/** Another process writes this spool; `details.file` names it. */
export class SpoolInUseError extends BluepostError {
  readonly code = "GW_SPOOL_IN_USE";
  readonly recovery = "operator";
}

/** A further worker of a group was given a folder in which the first one never ran: it would be another gateway, with a key of its own. */
export class WorkerFolderError extends BluepostError {
  readonly code = "GW_WORKER_FOLDER";
  readonly recovery = "operator";
}

const LOCK_SUFFIX = ".lock";

/** Path of a process's own spool; everything else in the folder is of all workers of the site. */
export function spoolFile(config: GatewayConfig): string {
  return join(config.dataDir, isFurtherWorker(config) ? `spool-${config.broker.worker}.db` : "spool.db");
}

/** Paths of the spools of all workers that ever ran in a folder. */
export async function spoolFilesIn(folder: string): Promise<readonly string[]> {
  const all = existsSync(folder) ? await readdir(folder) : [];
  const names = all.filter((name) => /^spool(-[a-z0-9-]+)?\.db$/.test(name));
  return names.sort().map((name) => join(folder, name));
}

/**
 * Makes sure that a further worker stands in the folder of the first, which holds the site's one identity and registry.
 *
 * @throws {WorkerFolderError} GW_WORKER_FOLDER
 */
export function requireSharedFolder(config: GatewayConfig): void {
  const { dataDir, broker } = config;
  if (!isFurtherWorker(config) || existsSync(join(dataDir, `spool.db${LOCK_SUFFIX}`))) return;
  throw new WorkerFolderError(
    `worker ${FIRST_WORKER} has never run in ${dataDir}: all workers of a group share one dataDir; start worker ${FIRST_WORKER} there first`,
    { worker: broker.worker },
  );
}

/**
 * Takes a spool for this process, until it is given back or the process ends, however it ends.
 *
 * @returns gives it back
 * @throws {SpoolInUseError} GW_SPOOL_IN_USE
 */
export async function lockSpool(file: string): Promise<() => Promise<void>> {
  const db = await Database.open({ file: `${file}${LOCK_SUFFIX}`, bare: true });
  try {
    await db.exec("PRAGMA busy_timeout = 0; BEGIN IMMEDIATE"); // writes nothing; SQLite's lock goes with its process
  } catch (fault) {
    await db.close();
    if (!(fault instanceof StoreError) || fault.details["sqlite"] !== "SQLITE_BUSY") throw fault;
    throw new SpoolInUseError(`another gateway process writes ${file}; give each worker a name of its own`, { file });
  }
  return () => db.close();
}
