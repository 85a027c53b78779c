import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { DeviceIdentity } from "../ports/device-identity.ts";

/** Where the kernel tells the processor's serial, by age of the kernel. */
const SOC_FILES = ["proc/device-tree/serial-number", "sys/firmware/devicetree/base/serial-number"];

/** Where it tells the disk's: SD card or eMMC first, then an NVMe disk. */
const CARD_FILES = ["sys/block/mmcblk0/device/cid", "sys/block/mmcblk1/device/cid", "sys/block/nvme0n1/device/serial"];

/**
 * Reads the serials of this machine. A machine that has none, or hides them, gives empty texts.
 *
 * @param root the folder that holds `proc` and `sys`, normally `/`
 */
export async function readHome(root = "/"): Promise<DeviceIdentity> {
  return { socSerial: await firstOf(root, SOC_FILES), cardCid: await firstOf(root, CARD_FILES) };
}

/** What kind of machine this is, in its maker's words; "Linux" when it does not say. @param root as in {@link readHome} */
export async function readModel(root = "/"): Promise<string> {
  try {
    const text = await readFile(join(root, "proc/device-tree/model"), "latin1");
    return text.replaceAll("\0", "").trim() || "Linux";
  } catch {
    return "Linux"; // no device tree: not a single-board computer
  }
}

async function firstOf(root: string, files: readonly string[]): Promise<string> {
  for (const file of files) {
    const serial = await readSerial(join(root, file));
    if (serial !== "") return serial;
  }
  return "";
}

/** A serial in lower case; empty when it is missing, or all zeros, as some boards without one say. */
async function readSerial(path: string): Promise<string> {
  try {
    const serial = (await readFile(path, "latin1")).replaceAll("\0", "").trim().toLowerCase();
    return /^0*$/.test(serial) ? "" : serial;
  } catch {
    return ""; // no such hardware: nothing to compare
  }
}
