import { mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { diskWear } from "../../../../firmware/rpi/linux-disk.ts";
import { tempFolder } from "../../../support/temp.ts";

const STAT = "  120 3 4096 88 51200 7 2097152 900 0 1200 988 0 0 0 0 10 12\n";

/** A kernel's view of the disk that holds `folder`, as partition 2 of one card. */
function sysfsOf(folder: string, files: Readonly<Record<string, string>>): string {
  const sysfs = tempFolder();
  const card = join(sysfs, "devices/mmcblk0");
  mkdirSync(join(card, "mmcblk0p2"), { recursive: true });
  mkdirSync(join(card, "device"), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(card, name), text);
  const { dev } = statSync(folder);
  const number = `${Math.floor(dev / 256) % 4096}:${(dev % 256) + Math.floor(dev / 1048576) * 256}`;
  mkdirSync(join(sysfs, "dev/block"), { recursive: true });
  symlinkSync(join(card, "mmcblk0p2"), join(sysfs, "dev/block", number));
  return sysfs;
}

it("reads what was written to the card, and the worse of its two life times", async () => {
  const folder = tempFolder();
  const sysfs = sysfsOf(folder, { "mmcblk0p2/stat": STAT, "device/life_time": "0x01 0x03\n" });
  expect(await diskWear(folder, sysfs)).toEqual({ writtenBytes: 2_097_152 * 512, usedPercent: 30 });
});

it("says nothing of a life time that the card does not tell", async () => {
  const folder = tempFolder();
  expect(await diskWear(folder, sysfsOf(folder, { "mmcblk0p2/stat": STAT }))).toMatchObject({ usedPercent: null });
});

it("knows nothing of a folder on no disk of the kernel's", async () => {
  expect(await diskWear(tempFolder(), tempFolder())).toBeNull();
});
