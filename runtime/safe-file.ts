import { open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";

/** Writes a file whole or not at all, also over a power cut: under another name, flushed, renamed, and the folder flushed. */
export async function writeFileSafely(file: string, data: string | Uint8Array, mode = 0o644): Promise<void> {
  const draft = `${file}.new`;
  const handle = await open(draft, "w", mode);
  try {
    await handle.chmod(mode); // a draft left by a crash keeps its old mode otherwise
    await handle.writeFile(data);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
  const folder = await open(dirname(file), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Reads a text file; null when there is none. */
export async function readFileIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, "utf8");
  } catch (fault) {
    if (fault instanceof Error && "code" in fault && fault.code === "ENOENT") return null;
    throw fault;
  }
}
