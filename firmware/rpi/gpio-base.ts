import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** Where the kernel's number 0 of the header's chip lies, or why it cannot be told. */
export type GpioBase =
  | { readonly kind: "found"; readonly base: number; readonly lineCount: number; readonly label: string }
  | { readonly kind: "missing"; readonly reason: string };

/**
 * Finds the header's chip by its label; its base moves between models and kernels (0, 399, 512, 571 were seen).
 *
 * Source: raspberrypi/linux#6084; fivdi/onoff#199, #200.
 *
 * @param sysfsRoot the kernel's folder, normally /sys/class/gpio
 * @param headerChips labels that the header's chip may have, from hardware/pinout.json
 */
export async function findGpioBase(sysfsRoot: string, headerChips: readonly string[]): Promise<GpioBase> {
  const chips = await chipFolders(sysfsRoot);
  if (chips === null) {
    return { kind: "missing", reason: "this machine has no GPIO under /sys/class/gpio; lights on USB (firmata) work" };
  }
  for (const chip of chips) {
    const [label, base, lineCount] = await Promise.all(
      ["label", "base", "ngpio"].map((name) => readText(join(sysfsRoot, chip, name))),
    );
    if (label === undefined || !headerChips.includes(label)) continue;
    const numbers = { base: Number(base), lineCount: Number(lineCount) };
    if (Number.isInteger(numbers.base) && Number.isInteger(numbers.lineCount))
      return { kind: "found", label, ...numbers };
  }
  return { kind: "missing", reason: "no GPIO chip of a Raspberry Pi's header was found; lights on USB (firmata) work" };
}

async function chipFolders(sysfsRoot: string): Promise<string[] | null> {
  try {
    return (await readdir(sysfsRoot)).filter((name) => /^gpiochip\d+$/.test(name)).toSorted();
  } catch {
    return null; // a kernel without the sysfs interface
  }
}

async function readText(path: string): Promise<string> {
  try {
    return (await readFile(path, "latin1")).trim();
  } catch {
    return ""; // a chip that went away, or hides a file: not ours
  }
}
