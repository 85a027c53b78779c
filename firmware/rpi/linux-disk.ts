import { statfs } from "node:fs/promises";
import type { DiskSpace } from "../ports/disk-space.ts";

/**
 * Measures the disk that holds a folder.
 *
 * @throws {Error} ENOENT when the folder is not there
 */
export async function diskSpace(folder: string): Promise<DiskSpace> {
  const { bavail, blocks, bsize } = await statfs(folder);
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
}

/**
 * What this program may still write into a folder, bytes.
 *
 * @throws {Error} ENOENT when the folder is not there
 */
export async function freeBytes(folder: string): Promise<number> {
  return (await diskSpace(folder)).freeBytes;
}
