import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { promisify } from "node:util";
import { repository } from "../repository.ts";
import { type DiskOptions, diskAfterCut } from "./disk.ts";
import { parseJournal } from "./journal.ts";

const run = promisify(execFile);
const sourceOf = (name: string): string => join(repository, "test/support/powercut", name);

/**
 * Compiles the shim with the machine's C compiler, once per content of its source.
 *
 * @returns its path, or null where there is no compiler or the system is not Linux: tests then skip with {@link NO_SHIM}
 * @throws {Error} with the compiler's words when the source does not compile
 */
export async function buildShim(): Promise<{ so: string } | null> {
  return await compileShim(sourceOf("powercut.c"));
}

/** Why a test over the shim is skipped. */
export const NO_SHIM = "skipped: needs Linux and a C compiler (Debian: apt-get install gcc libc6-dev)";

/** Compiles a preload library from one C file. */
async function compileShim(source: string): Promise<{ so: string } | null> {
  if (process.platform !== "linux") return null;
  const digest = createHash("sha256").update(readFileSync(source)).digest("hex").slice(0, 16);
  const so = join(tmpdir(), `bluepost-shim-${process.getuid?.() ?? 0}-${digest}.so`);
  if (existsSync(so)) return { so };
  const fresh = `${so}.${process.pid}`;
  try {
    await run("cc", ["-shared", "-fPIC", "-O2", "-U_FORTIFY_SOURCE", "-o", fresh, source, "-ldl", "-lpthread"]);
  } catch (fault) {
    if (fault instanceof Error && "code" in fault && fault.code === "ENOENT") return null;
    throw fault;
  }
  renameSync(fresh, so); // another test file may compile at the same time
  return { so };
}

/** Where a process is watched and when it is cut. */
export interface CutOptions {
  /** Path that {@link buildShim} returned. */
  readonly so: string;
  /** Folder whose files are watched; must exist. */
  readonly dir: string;
  /** Journal file, outside `dir`; a fresh one for each run of the process. */
  readonly log: string;
  /** Journalled operations (writes, size changes, syncs, name changes) after which the process is killed; absent: never. */
  readonly cutAfterWrites?: number;
}

/** Environment for one process under the layer; its own children are not watched. */
export function envFor({ so, dir, log, cutAfterWrites = 0 }: CutOptions): Record<string, string> {
  if (!relative(dir, log).startsWith("..")) throw new Error("the journal must be outside the watched folder");
  return {
    LD_PRELOAD: so,
    POWERCUT_DIR: dir,
    POWERCUT_LOG: log,
    POWERCUT_AT: String(cutAfterWrites),
    UV_USE_IO_URING: "0",
  };
}

/** What to rebuild and where. */
export interface ReplayOptions extends DiskOptions {
  /** The journal of the process that was cut. */
  readonly log: string;
  /** The folder that was watched; files that the process never changed are taken from there. */
  readonly dir: string;
  /** A folder to fill; must not exist or be empty. */
  readonly into: string;
}

/**
 * Rebuilds into a fresh folder what a disk may hold after the cut.
 *
 * @returns how many operations the process had made: the range for the next cut
 * @throws {Error} when the process did something that cannot be replayed, see powercut.c
 */
export function replay({ log, dir, into, ...options }: ReplayOptions): { operations: number } {
  const operations = existsSync(log) ? parseJournal(readFileSync(log)) : [];
  const { files, folders, touched } = diskAfterCut(operations, options);
  rmSync(into, { recursive: true, force: true });
  const asItWas = (path: string): boolean => {
    const name = relative(dir, path);
    return name === "" || !(touched.has(name) || name.endsWith("-shm"));
  };
  cpSync(dir, into, { recursive: true, filter: asItWas });
  const isThere = (name: string): boolean => existsSync(join(into, dirname(name)));
  for (const name of [...folders].sort()) if (isThere(name)) mkdirSync(join(into, name), { recursive: true });
  for (const [name, bytes] of files) if (isThere(name)) writeFileSync(join(into, name), bytes);
  return { operations: operations.filter(({ op }) => op !== "base").length };
}

/** Environment that makes every flush of a process wait longer, as an SD card does; null without a compiler. */
export async function slowFlushEnv(ms: number): Promise<Record<string, string> | null> {
  const shim = await compileShim(sourceOf("slow-flush.c"));
  return shim && { LD_PRELOAD: shim.so, SLOW_FLUSH_MS: String(ms) };
}

/** Environment in which flushes of write-ahead logs fail while the file `wish` exists; null without a compiler. */
export async function failingFlushEnv(wish: string): Promise<Record<string, string> | null> {
  const shim = await compileShim(sourceOf("failing-flush.c"));
  return shim && { LD_PRELOAD: shim.so, FAILING_FLUSH: wish, UV_USE_IO_URING: "0" };
}

/** A folder that is a small disk of its own for the processes that run under its environment. */
export interface SmallDisk {
  readonly env: Readonly<Record<string, string>>;
  /** Sets its size: bytes that its files may take in all. */
  resize(bytes: number): void;
}

/** @param sizeFile where the size is kept, outside the folder @returns null without a compiler; tests then skip with {@link NO_SHIM} */
export async function makeSmallDisk(dir: string, sizeFile: string, bytes: number): Promise<SmallDisk | null> {
  const shim = await compileShim(sourceOf("small-disk.c"));
  const resize = (size: number): void => writeFileSync(sizeFile, String(size));
  resize(bytes);
  const env = { SMALL_DISK_DIR: dir, SMALL_DISK_ROOM: sizeFile, UV_USE_IO_URING: "0" };
  return shim && { env: { LD_PRELOAD: shim.so, ...env }, resize };
}
