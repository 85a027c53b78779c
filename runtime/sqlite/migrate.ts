import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { BluepostError } from "../../protocol/errors.ts";
import type { Database, Sql } from "./database.ts";

/** The file was written by a newer version of this program. */
export class StoreTooNewError extends BluepostError {
  readonly code = "RT_STORE_TOO_NEW";
  readonly recovery = "operator";
}

/**
 * Brings a database to the newest schema: runs the numbered files (`0001-create-ledger.sql`) above its `user_version`, each in a
 * transaction of its own. Another process may do the same to the same file at the same moment.
 *
 * @throws {StoreTooNewError} RT_STORE_TOO_NEW when the database is ahead of the folder
 */
export async function migrate(database: Database, folder: string): Promise<void> {
  const files = (await readdir(folder)).filter((name) => /^\d{4}-[a-z0-9-]+\.sql$/.test(name)).sort();
  const current = await versionOf(database);
  if (current > files.length) {
    throw new StoreTooNewError("the database belongs to a newer version", { found: current, known: files.length });
  }
  for (const [at, name] of files.entries()) {
    if (at < current) continue;
    const text = await readFile(join(folder, name), "utf8");
    await database.transaction(async (sql) => {
      if ((await versionOf(sql)) > at) return; // another process was sooner
      await database.exec(`${text}\n;PRAGMA user_version = ${at + 1};`);
    });
  }
}

async function versionOf(sql: Sql): Promise<number> {
  return (await sql.get<{ user_version: number }>("PRAGMA user_version"))?.user_version ?? 0;
}
