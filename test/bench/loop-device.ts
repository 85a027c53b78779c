import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const SECTOR_BYTES = 512;
const TOOLS = [
  { tool: "losetup", debian: "mount" },
  { tool: "mkfs.ext4", debian: "e2fsprogs" },
];

/** What a block device was given to do since it was made. */
export interface DeviceCounters {
  readonly bytesWritten: number;
  readonly flushes: number;
}

/** An ext4 file system alone on a device, so that the device's counters are its own. */
export interface LoopDevice {
  readonly kind: "ready";
  /** Folder where it is mounted. */
  readonly folder: string;
  /** Writes everything out, then reads the counters. */
  counters(): Promise<DeviceCounters>;
  close(): Promise<void>;
}

/**
 * Makes an ext4 file system on a loop device of its own.
 *
 * @param megabytes size; at least 16
 * @param options   of the mount
 * @returns the device, or why there cannot be one: no root, no tool, or a system that does not lend loop devices
 */
export async function openLoopDevice(
  megabytes: number,
  options = "noatime",
): Promise<LoopDevice | { readonly kind: "skipped"; readonly reason: string }> {
  if (process.getuid?.() !== 0) return { kind: "skipped", reason: "a loop device needs root" };
  for (const { tool, debian } of TOOLS)
    if (findTool(tool) === null)
      return { kind: "skipped", reason: `${tool} is missing (Debian: apt-get install ${debian})` };
  const home = await mkdtemp(join(tmpdir(), "bluepost-loop-"));
  const undo: (() => Promise<unknown>)[] = [() => rm(home, { recursive: true, force: true })];
  try {
    return await mountFresh({ home, megabytes, options }, undo);
  } catch (fault) {
    await undoAll(undo);
    return { kind: "skipped", reason: `no loop device here: ${fault instanceof Error ? fault.message : "unknown"}` };
  }
}

async function mountFresh(
  plan: { readonly home: string; readonly megabytes: number; readonly options: string },
  undo: (() => Promise<unknown>)[],
): Promise<LoopDevice> {
  const { home, megabytes, options } = plan;
  const image = join(home, "image");
  const folder = join(home, "mounted");
  await mkdir(folder);
  const file = await open(image, "w");
  await file.truncate(megabytes * 1024 * 1024);
  await file.close();
  const device = (await run("losetup", ["--find", "--show", image])).stdout.trim();
  undo.push(() => run("losetup", ["--detach", device]));
  // its own lazy initialisation would count as ours
  await run("mkfs.ext4", ["-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", device]);
  await run("mount", ["-t", "ext4", "-o", options, device, folder]);
  undo.push(() => run("umount", [folder]));
  return {
    kind: "ready",
    folder,
    counters: async () => {
      await run("sync", ["-f", folder]);
      return parseCounters(await readFile(`/sys/block/${basename(device)}/stat`, "utf8"));
    },
    close: () => undoAll(undo),
  };
}

/** Reads a device's stat file: field 7 is sectors written, field 16 is flushes. Source: Linux, Documentation/block/stat.rst. */
export function parseCounters(stat: string): DeviceCounters {
  const fields = stat.trim().split(/\s+/).map(Number);
  return { bytesWritten: (fields[6] ?? 0) * SECTOR_BYTES, flushes: fields[15] ?? 0 };
}

async function undoAll(undo: (() => Promise<unknown>)[]): Promise<void> {
  for (let step = undo.pop(); step !== undefined; step = undo.pop()) await step();
}

function findTool(name: string): string | null {
  const folders = [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin", "/sbin"];
  return folders.map((folder) => join(folder, name)).find((file) => existsSync(file)) ?? null;
}
