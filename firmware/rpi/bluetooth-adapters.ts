import { readdir } from "node:fs/promises";

/** The kernel's list of Bluetooth adapters. */
const SYSFS_ROOT = "/sys/class/bluetooth";

/** Numbers n of the adapters hciN that this machine has, ascending; connections (`hci0:64`) are left out. Opens none. Never throws. */
export async function findBluetoothAdapters(sysfsRoot: string = SYSFS_ROOT): Promise<readonly number[]> {
  const names = await readdir(sysfsRoot).catch(() => []); // no such folder: a kernel without Bluetooth
  return names
    .flatMap((name) => /^hci(\d{1,3})$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}
