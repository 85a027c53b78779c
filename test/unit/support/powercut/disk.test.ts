import { describe, expect, it } from "vitest";
import { type DiskOptions, diskAfterCut } from "../../../support/powercut/disk.ts";
import { type Operation, parseJournal } from "../../../support/powercut/journal.ts";

const SEEDS = Array.from({ length: 200 }, (_, seed) => seed);
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** For each of 200 seeds: the text of a file after the cut, or null when its name is not there. */
function texts(
  operations: readonly Operation[],
  name: string,
  names: DiskOptions["names"] = "folder",
): (string | null)[] {
  return SEEDS.map((seed) => {
    const content = diskAfterCut(operations, { seed, names }).files.get(name);
    return content === undefined ? null : new TextDecoder().decode(content);
  });
}

const create = (file: number, name: string): Operation => ({ op: "create", file, name });
const write = (file: number, offset: number, text: string): Operation => ({
  op: "write",
  file,
  offset,
  bytes: bytes(text),
});
const sync = (file: number): Operation => ({ op: "sync", file });
const syncFolder: Operation = { op: "sync-folder", name: "" };

describe("a disk after a power cut", () => {
  it("keeps what was synced, whatever the seed", () => {
    const log = [create(1, "a"), write(1, 0, "kept"), sync(1), syncFolder, write(1, 4, " maybe")];
    expect(texts(log, "a").every((text) => text?.startsWith("kept"))).toBe(true);
  });

  it("keeps or drops what was not synced, by the seed", () => {
    const found = new Set(texts([create(1, "a"), write(1, 0, "one"), sync(1), syncFolder, write(1, 3, "two")], "a"));
    expect(found).toEqual(new Set(["one", "onetwo"]));
  });

  it("may keep a later write and drop an earlier one, which leaves zeros", () => {
    const log = [create(1, "a"), syncFolder, write(1, 0, "one"), write(1, 3, "two")];
    expect(new Set(texts(log, "a"))).toEqual(new Set(["", "one", "onetwo", "\0\0\0two"]));
  });

  it("tears a write between sectors, never inside one", () => {
    const log = [create(1, "a"), syncFolder, write(1, 100, "x".repeat(1000))];
    const torn = texts(log, "a").filter(
      (text) => text !== null && text !== "" && text.includes("\0x") && text.length < 1100,
    );
    expect(torn.length).toBeGreaterThan(0);
    for (const text of texts(log, "a")) {
      const sectors = [text?.slice(100, 512), text?.slice(512, 1024), text?.slice(1024, 1100)];
      for (const sector of sectors) expect(sector?.replace(/^(\0*|x*)$/, "")).toBe("");
    }
  });

  it("makes a new name durable by a sync of its folder only, or of any file on a disk like ext4", () => {
    const log = [create(1, "a"), write(1, 0, "text"), sync(1)];
    expect(texts(log, "a")).toContain(null);
    expect(texts(log, "a", "ext4")).not.toContain(null);
    expect(texts([...log, syncFolder], "a")).not.toContain(null);
  });

  it("shows the old or the new content after a rename that was not synced, never a mixture", () => {
    const log: Operation[] = [
      { op: "base", file: 1, name: "a", bytes: bytes("old") },
      create(2, "a.tmp"),
      write(2, 0, "new"),
      sync(2),
      { op: "rename", file: 2, from: "a.tmp", name: "a" },
    ];
    expect(new Set(texts(log, "a"))).toEqual(new Set(["old", "new"]));
    expect(new Set(texts([...log, syncFolder], "a"))).toEqual(new Set(["new"]));
  });

  it("may bring a deleted file back until its folder is synced", () => {
    const log: Operation[] = [
      { op: "base", file: 1, name: "a", bytes: bytes("old") },
      { op: "unlink", file: 1, name: "a" },
    ];
    expect(new Set(texts(log, "a"))).toEqual(new Set(["old", null]));
    expect(new Set(texts([...log, syncFolder], "a"))).toEqual(new Set([null]));
  });

  it("may undo a truncation that was not synced", () => {
    const log: Operation[] = [
      { op: "base", file: 1, name: "a", bytes: bytes("0123456789") },
      { op: "truncate", file: 1, size: 4 },
    ];
    expect(new Set(texts(log, "a"))).toEqual(new Set(["0123456789", "0123"]));
    expect(new Set(texts([...log, sync(1)], "a"))).toEqual(new Set(["0123"]));
  });

  it("is the same disk for the same seed", () => {
    const log = [create(1, "a"), write(1, 0, "x".repeat(4096)), create(2, "b"), write(2, 0, "y".repeat(4096))];
    for (const seed of SEEDS.slice(0, 20)) expect(diskAfterCut(log, { seed })).toEqual(diskAfterCut(log, { seed }));
  });
});

describe("the journal", () => {
  const record = (op: number, name: string, content: string, file = 7, offset = 0): Uint8Array => {
    const all = new Uint8Array(24 + name.length + content.length);
    const view = new DataView(all.buffer);
    view.setUint8(0, op);
    view.setUint16(2, name.length, true);
    view.setUint32(4, file, true);
    view.setBigUint64(8, BigInt(offset), true);
    view.setUint32(16, content.length, true);
    all.set(bytes(name + content), 24);
    return all;
  };

  it("gives the operations in order and leaves out a last one that is not whole", () => {
    const log = Buffer.concat([
      record(2, "a", ""),
      record(3, "", "hello", 7, 12),
      record(3, "", "torn").subarray(0, 26),
    ]);
    expect(parseJournal(new Uint8Array(log))).toEqual([
      create(7, "a"),
      { op: "write", file: 7, offset: 12, bytes: bytes("hello") },
    ]);
  });

  it("refuses what cannot be replayed, and unknown records", () => {
    expect(() => parseJournal(record(11, "a hard link", ""))).toThrow("cannot replay a hard link");
    expect(() => parseJournal(record(99, "", ""))).toThrow("unknown operation 99");
  });
});
