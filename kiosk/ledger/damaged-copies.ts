import { readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

const MARK = ".corrupt-";

/** Moves a damaged ledger aside. @returns the path where it is now; its log and index lie beside it */
export async function setAside(file: string, id: string): Promise<string> {
  const aside = `${file}${MARK}${id}`;
  for (const name of await namesBeside(file))
    if (["", "-wal", "-shm"].some((suffix) => name === basename(file) + suffix))
      await rename(join(dirname(file), name), aside + name.slice(basename(file).length));
  return aside;
}

/**
 * Removes every ledger that was set aside. What SQLite could read of it is in the ledger; the rest may hold keys that nobody must have
 * any more.
 *
 * @returns how many files were removed
 */
export async function removeDamagedCopies(file: string): Promise<number> {
  const names = (await namesBeside(file)).filter((name) => name.startsWith(basename(file) + MARK));
  for (const name of names) await rm(join(dirname(file), name), { force: true });
  return names.length;
}

function namesBeside(file: string): Promise<string[]> {
  return readdir(dirname(file));
}
