import { readFile, realpath, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
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

/** What a card or disk has been through. */
export interface DiskWear {
  /** Bytes written since the machine started. */
  readonly writtenBytes: number;
  /** Percent of its life used up, in steps of ten; null when it does not say (most SD cards do not). */
  readonly usedPercent: number | null;
}

/** Unit of the kernel's block statistics, bytes, whatever the disk's own sectors are. Source: Linux, Documentation/block/stat.rst. */
const STAT_SECTOR_BYTES = 512;
/** Place of "sectors written" in that file. */
const SECTORS_WRITTEN = 6;

/**
 * Reads how much was written to the disk below a folder.
 *
 * @returns null when the folder is on no block device, or the kernel does not tell
 */
export async function diskWear(folder: string, sysfs = "/sys"): Promise<DiskWear | null> {
  try {
    const { dev } = await stat(folder);
    const partition = await realpath(join(sysfs, "dev/block", `${major(dev)}:${minor(dev)}`));
    const fields = (await readFile(join(partition, "stat"), "utf8")).trim().split(/\s+/);
    const sectors = Number(fields[SECTORS_WRITTEN]);
    if (!Number.isSafeInteger(sectors)) return null;
    return { writtenBytes: sectors * STAT_SECTOR_BYTES, usedPercent: await lifeUsed(partition) };
  } catch {
    return null; // an overlay, a network disk, another system: nothing is known
  }
}

/** An eMMC names its life used in tenths, one value for each of its two kinds of cells. Source: JEDEC JESD84-B51, EXT_CSD 268 and 269. */
async function lifeUsed(partition: string): Promise<number | null> {
  for (const file of ["device/life_time", "../device/life_time"]) {
    const text = await readFile(join(partition, file), "utf8").catch(() => "");
    const tenths = [...text.matchAll(/0x0*([0-9a-f]+)/gi)].map(([, hex]) => Number.parseInt(hex ?? "0", 16));
    const worst = Math.max(0, ...tenths);
    if (worst > 0) return Math.min(110, worst * 10);
  }
  return null;
}

/** Major and minor number of a device. Source: glibc, sys/sysmacros.h. */
function major(dev: number): number {
  return Math.floor(dev / 256) % 4_096;
}
function minor(dev: number): number {
  return (dev % 256) + Math.floor(dev / 1_048_576) * 256;
}
