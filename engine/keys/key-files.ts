import { randomBytes } from "node:crypto";
import { chmod, mkdir, open, readdir, readFile, rename, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { EngineKeysError } from "../errors.ts";

/** Rights of a secret file and of a folder with secret files: the owner's alone. */
export const SECRET_FILE_MODE = 0o600;
export const SECRET_FOLDER_MODE = 0o700;
/** Rights of a file that anybody may read. */
export const PUBLIC_FILE_MODE = 0o644;

/** Makes a folder that only its owner may enter. */
export async function makeSecretFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: SECRET_FOLDER_MODE });
  await chmod(folder, SECRET_FOLDER_MODE);
}

/** Writes a file so that a power cut leaves the old one or the new one, never a part: temporary name, fsync, rename, fsync. */
export async function writeDurably(file: string, text: string, mode: number): Promise<void> {
  const temporary = join(dirname(file), `.${randomBytes(8).toString("hex")}.tmp`);
  const handle = await open(temporary, "wx", mode);
  try {
    await handle.writeFile(text, "utf8");
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
  await syncFolder(dirname(file));
}

/** Makes what was renamed into a folder, or made in it, survive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Whether a file or folder is there.
 *
 * @throws {EngineKeysError} ENGINE_KEYS when nobody can tell, which is not the same as no
 */
export async function isThere(path: string): Promise<boolean> {
  return (await unlessAbsent(path, stat(path))) !== null;
}

/**
 * The names in a folder; none when there is no such folder.
 *
 * @throws {EngineKeysError} ENGINE_KEYS when it cannot be read, or is no folder
 */
export async function namesIn(folder: string): Promise<readonly string[]> {
  return (await unlessAbsent(folder, readdir(folder))) ?? [];
}

async function unlessAbsent<Found>(path: string, look: Promise<Found>): Promise<Found | null> {
  try {
    return await look;
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return null;
    throw new EngineKeysError(
      "a file or folder cannot be looked at: check its owner, rights and disk",
      { file: nameOf(path) },
      { cause },
    );
  }
}

/** @throws {EngineKeysError} ENGINE_KEYS when the file is missing or not readable */
export async function readKeyFile(file: string): Promise<string> {
  try {
    return (await readFile(file, "utf8")).trim();
  } catch (cause) {
    throw new EngineKeysError(
      "a key file cannot be read: run `bluepost-engine doctor`",
      { file: nameOf(file) },
      { cause },
    );
  }
}

/**
 * Reads a file that nobody else may read.
 *
 * @throws {EngineKeysError} ENGINE_KEYS when it is missing, or others have rights on it
 */
export async function readSecretFile(file: string): Promise<string> {
  const text = await readKeyFile(file);
  const { mode } = await stat(file);
  if ((mode & 0o077) !== 0) {
    throw new EngineKeysError("a secret key file is open to others: run chmod 600 on it", { file: nameOf(file) });
  }
  return text;
}

function nameOf(file: string): string {
  return file.split("/").at(-1) ?? "";
}
