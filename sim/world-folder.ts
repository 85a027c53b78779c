import { mkdtemp, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const IN_MEMORY = "/dev/shm";
/** The file system's number on Linux (statfs(2)). */
const TMPFS = 0x01021994;
/** A day of 20 kiosks and 2,000 people takes some hundred megabytes; who has less to spare gets a folder on the disk. */
const ENOUGH_BYTES = 4 * 2 ** 30;

/**
 * Makes a folder for a world that lives and ends with this process. Its cards are virtual, power cuts are copies of what a card holds, and so
 * nothing in it need be flushed to a real disk: it stands in memory where the system offers that, unless TMPDIR names another place.
 */
export async function makeWorldFolder(prefix: string): Promise<string> {
  const isElsewhere = process.env["TMPDIR"] !== undefined;
  return await mkdtemp(join(!isElsewhere && (await hasMemoryFolder()) ? IN_MEMORY : tmpdir(), prefix));
}

async function hasMemoryFolder(): Promise<boolean> {
  try {
    const { type, bavail, bsize } = await statfs(IN_MEMORY);
    return type === TMPFS && bavail * bsize >= ENOUGH_BYTES;
  } catch {
    return false; // not every system has it
  }
}
