import { existsSync } from "node:fs";
import { readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { syncFolder } from "./epoch-copy.ts";

const MARK = ".corrupt-";
const LOGS = ["-wal", "-shm"] as const;

/** Where a new ledger is made out of a damaged one. While that is in its place, this one is half made; alone it is whole. */
export function salvageFile(file: string): string {
  return `${file}.salvage`;
}

/** Whether a salvage was made whole, and the power went before it had the ledger's place. */
export function isSalvageWhole(file: string): boolean {
  return !existsSync(file) && existsSync(salvageFile(file));
}

/** Throws a half-made salvage away. */
export async function discardSalvage(file: string): Promise<void> {
  for (const suffix of ["", ...LOGS]) await rm(salvageFile(file) + suffix, { force: true });
}

/**
 * Moves a damaged ledger aside and the one that was made out of it, closed and flushed, into its place. The names change one after the
 * other, each on the disk before the next: wherever the power goes, the next start finds the damaged ledger or the whole salvage.
 *
 * The file goes before its log: without the log it would pass for a ledger that lacks its last rows.
 *
 * @param id a part of the damaged file's new name
 */
export async function replaceLedger(file: string, id: string): Promise<void> {
  const folder = dirname(file);
  await syncFolder(folder);
  for (const suffix of ["", ...LOGS]) {
    if (!existsSync(file + suffix)) continue;
    await rename(file + suffix, `${file}${MARK}${id}${suffix}`);
    await syncFolder(folder);
  }
  await rename(salvageFile(file), file);
  await syncFolder(folder);
}

/**
 * Removes every ledger that was set aside. What SQLite could read of it is in the ledger; the rest may hold keys that nobody must have
 * any more.
 *
 * @returns how many files were removed
 */
export async function removeDamagedCopies(file: string): Promise<number> {
  const names = (await readdir(dirname(file))).filter((name) => name.startsWith(basename(file) + MARK));
  for (const name of names) await rm(join(dirname(file), name), { force: true });
  return names.length;
}
