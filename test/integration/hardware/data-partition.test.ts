import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { repository } from "../../support/repository.ts";
import { tempFolder } from "../../support/temp.ts";

const TOOLS = ["sfdisk", "losetup", "partx", "blkid", "lsblk", "mkfs.ext4"];
const lacking = TOOLS.find((tool) => spawnSync("sh", ["-c", `command -v ${tool}`]).status !== 0);
const NO_DISK =
  process.getuid?.() !== 0
    ? " skipped: needs root"
    : lacking
      ? ` skipped: ${lacking} is missing (Debian: apt-get install fdisk)`
      : "";
const run = (program: string, ...args: readonly string[]): string => execFileSync(program, args, { encoding: "utf8" });

/** A card as Raspberry Pi OS leaves it: boot, system, and room behind; null where this machine lends no loop device. */
function card(megabytes: number): string | null {
  const image = join(tempFolder(), "card");
  writeFileSync(image, "");
  truncateSync(image, megabytes << 20);
  execFileSync("sfdisk", ["--quiet", image], { input: "label: dos\n, 32M, c\n, 64M, L\n" });
  const { status, stdout } = spawnSync("losetup", ["--find", "--show", "--partscan", image], { encoding: "utf8" });
  if (status !== 0) return null;
  const device = stdout.trim();
  onTestFinished(() => void spawnSync("losetup", ["--detach", device]));
  return device;
}

function makePartition(device: string): number | null {
  const share = tempFolder();
  copyFileSync(join(repository, "hardware/image/data-partition.json"), join(share, "data-partition.json"));
  const script = join(repository, "hardware/image/bin/make-data-partition");
  return spawnSync("sh", [script, device], { env: { ...process.env, BLUEPOST_SHARE: share } }).status;
}

describe(`make-data-partition${NO_DISK}`, () => {
  it.skipIf(NO_DISK)("adds a labelled ext4 behind the system, and leaves the others as they are", ({ skip }) => {
    const device = card(192) ?? skip("skipped: no loop device here");
    expect(makePartition(device)).toBe(0);
    expect(run("blkid", "-o", "export", `${device}p3`)).toMatch(/LABEL=bluepost-data[\s\S]*TYPE=ext4/);
    const sizes = run("lsblk", "-nbo", "SIZE", device).trim().split(/\s+/).map(Number);
    expect(sizes.slice(1, 3)).toEqual([32 << 20, 64 << 20]);
    expect(sizes[3]).toBeGreaterThan(80 << 20);
  });

  it.skipIf(NO_DISK)("says so when there is no room", ({ skip }) => {
    const device = card(98) ?? skip("skipped: no loop device here");
    expect(makePartition(device)).toBe(69);
  });
});
