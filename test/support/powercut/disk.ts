import { posix } from "node:path";
import { createRng, type Rng } from "../../../sim/rng.ts";
import type { FileNumber, Operation } from "./journal.ts";

/** What a disk may promise about names. */
export interface DiskOptions {
  /** Chooses what happens to everything that was not synced; the same seed gives the same disk. */
  readonly seed: string | number;
  /**
   * When a new, moved or deleted name is durable. `ext4` (default): after fsync of its folder or of any file, since the file
   * system's one journal is written in order; this is what a Pi's card does. `folder`: after fsync of its folder only, which
   * is all that POSIX promises.
   */
  readonly names?: "folder" | "ext4";
}

/** What is on the disk after the cut: file contents and folders by path, and every path that the process touched. */
export interface DiskState {
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly folders: ReadonlySet<string>;
  readonly touched: ReadonlySet<string>;
}

const SECTOR_BYTES = 512;

/** Share of what was not synced that is on the disk all the same; 0 is the cruellest disk and a common one. */
const MOODS = [0, 0, 0.2, 0.5, 0.8, 0.97];

type NameOperation = Extract<Operation, { op: "create" | "rename" | "unlink" | "mkdir" | "rmdir" }>;
type DataOperation = Extract<Operation, { op: "write" | "truncate" }>;

/** One file's synced content and what was written since. */
interface Content {
  durable: Bytes;
  pending: DataOperation[];
}

/**
 * Rebuilds a state that a disk may have after a power cut at the end of the journal.
 *
 * Everything synced is there. Each later write or truncation is kept, dropped, or torn into sectors of 512 bytes, each of
 * which is kept or not; a hole reads as zeros. Of the name changes of one folder, those up to its last sync are kept, and of
 * the later ones a random first part, since file systems journal them in order. How much is kept is itself random: some
 * cuts lose everything that was not synced, some nearly nothing.
 */
export function diskAfterCut(operations: readonly Operation[], { seed, names = "ext4" }: DiskOptions): DiskState {
  const cache = new Cache(names);
  for (const operation of operations) cache.take(operation);
  return cache.cut(createRng(seed));
}

/** What was written and what of it is synced, up to one point of the journal. */
class Cache {
  readonly #names: "folder" | "ext4";
  readonly #contents = new Map<FileNumber, Content>();
  /** Names that were there before the process. */
  readonly #entries = new Map<string, FileNumber | "folder">();
  readonly #changes: NameOperation[] = [];
  /** By folder: how many of `#changes` were made when it was last synced. */
  readonly #syncedAt = new Map<string, number>();
  readonly #touched = new Set<string>();

  constructor(names: "folder" | "ext4") {
    this.#names = names;
  }

  take(operation: Operation): void {
    switch (operation.op) {
      case "base":
        this.#touched.add(operation.name);
        this.#entries.set(operation.name, operation.file);
        this.#content(operation.file).durable.write(0, operation.bytes);
        break;
      case "write":
      case "truncate":
        this.#content(operation.file).pending.push(operation);
        break;
      case "sync":
        flush(this.#content(operation.file));
        if (this.#names === "ext4") this.#syncedAt.set("*", this.#changes.length);
        break;
      case "sync-folder":
        this.#syncedAt.set(operation.name, this.#changes.length);
        break;
      default:
        this.#takeName(operation);
    }
  }

  #takeName(change: NameOperation): void {
    const wasThere = change.op === "rmdir" && !this.#touched.has(change.name);
    if (wasThere) this.#entries.set(change.name, "folder");
    this.#touched.add(change.name);
    this.#changes.push(change);
  }

  cut(rng: Rng): DiskState {
    const mood = rng.pick(MOODS);
    const broken = new Set<string>(); // folders of which a later change is not on the disk
    for (const [index, change] of this.#changes.entries()) {
      const folder = parentOf(change.name);
      const synced = index < Math.max(this.#syncedAt.get(folder) ?? 0, this.#syncedAt.get("*") ?? 0);
      if (!synced && !rng.chance(mood)) broken.add(folder);
      if (synced || !broken.has(folder)) applyName(this.#entries, change);
    }
    for (const content of this.#contents.values()) tear(content, rng, mood);
    return { ...this.#byName(), touched: this.#touched };
  }

  #byName(): Pick<DiskState, "files" | "folders"> {
    const files = new Map<string, Uint8Array>();
    const folders = new Set<string>();
    for (const [name, entry] of this.#entries) {
      if (entry === "folder") folders.add(name);
      else files.set(name, this.#content(entry).durable.bytes());
    }
    return { files, folders };
  }

  #content(file: FileNumber): Content {
    const known = this.#contents.get(file);
    if (known !== undefined) return known;
    const content = { durable: new Bytes(), pending: [] };
    this.#contents.set(file, content);
    return content;
  }
}

function applyName(entries: Map<string, FileNumber | "folder">, change: NameOperation): void {
  switch (change.op) {
    case "create":
      entries.set(change.name, change.file);
      break;
    case "mkdir":
      entries.set(change.name, "folder");
      break;
    case "rename":
      if (entries.get(change.from) === change.file) entries.delete(change.from);
      entries.set(change.name, change.file);
      break;
    default:
      entries.delete(change.name);
  }
}

function flush(content: Content): void {
  for (const operation of content.pending) apply(content.durable, operation);
  content.pending = [];
}

function apply(bytes: Bytes, operation: DataOperation): void {
  if (operation.op === "truncate") bytes.truncate(operation.size);
  else bytes.write(operation.offset, operation.bytes);
}

function tear(content: Content, rng: Rng, mood: number): void {
  for (const operation of content.pending) {
    if (!rng.chance(mood)) continue;
    if (operation.op === "write" && rng.chance(0.3)) writeTorn(content.durable, operation, rng);
    else apply(content.durable, operation);
  }
  content.pending = [];
}

/** Writes each sector that the write touches, or does not. */
function writeTorn(into: Bytes, { offset, bytes }: Extract<Operation, { op: "write" }>, rng: Rng): void {
  const share = rng.next();
  for (let from = 0; from < bytes.length; ) {
    const to = Math.min(bytes.length, from + SECTOR_BYTES - ((offset + from) % SECTOR_BYTES));
    if (rng.chance(share)) into.write(offset + from, bytes.subarray(from, to));
    from = to;
  }
}

function parentOf(name: string): string {
  const parent = posix.dirname(name);
  return parent === "." ? "" : parent;
}

/** Bytes that grow by doubling; what was never written is zero. */
class Bytes {
  #room = new Uint8Array(1024);
  #length = 0;

  write(offset: number, bytes: Uint8Array): void {
    const end = offset + bytes.length;
    if (end > this.#room.length) this.#grow(end);
    this.#room.set(bytes, offset);
    this.#length = Math.max(this.#length, end);
  }

  truncate(size: number): void {
    if (size > this.#room.length) this.#grow(size);
    if (size < this.#length) this.#room.fill(0, size, this.#length);
    this.#length = size;
  }

  bytes(): Uint8Array {
    return this.#room.slice(0, this.#length);
  }

  #grow(least: number): void {
    const room = new Uint8Array(Math.max(least, this.#room.length * 2));
    room.set(this.#room.subarray(0, this.#length));
    this.#room = room;
  }
}
