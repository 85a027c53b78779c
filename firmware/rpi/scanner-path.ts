import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** Where a scanner is, or why it cannot be told, in words for a technician. */
export type ScannerPath =
  | { readonly kind: "found"; readonly path: string }
  | { readonly kind: "missing"; readonly reason: string };

/** Names under /dev/serial/by-id that speak of a scanner; makers and families of hardware/docs/scanner.md. */
const SCANNER_NAMES =
  /zebra|symbol|honeywell|hand_held|metrologic|newland|datalogic|opticon|grow|gm\d{2}|scanner|barcode|code_reader|qr/i;

/** Names of microcontroller boards: they are indicators here, never scanners. */
const BOARD_NAMES = /arduino|genuino|teensy|firmata|leonardo/i;

/**
 * Finds the scanner's device.
 *
 * @param configured a path, a path whose last part holds `*`, or `auto`
 * @param options.deviceFolder the machine's device folder, normally `/dev`
 * @param options.exclude paths that belong to other hardware, for example the indicator board's
 */
export async function findScannerPath(
  configured: string,
  options: { readonly deviceFolder?: string; readonly exclude?: readonly string[] } = {},
): Promise<ScannerPath> {
  const { deviceFolder = "/dev", exclude = [] } = options;
  if (configured !== "auto" && !configured.includes("*")) return { kind: "found", path: configured };
  const patterns =
    configured === "auto"
      ? [[join(deviceFolder, "serial/by-id/*")], [join(deviceFolder, "ttyACM*"), join(deviceFolder, "ttyUSB*")]]
      : [[configured]];
  for (const group of patterns) {
    const found = (await Promise.all(group.map(matches))).flat().filter((path) => !exclude.includes(path));
    const chosen = chooseScanner(found);
    if (chosen.kind === "found" || found.length > 0) return chosen;
  }
  return chooseScanner([]);
}

/** Chooses the scanner among serial devices: a known name first, else the only one that is no board. */
export function chooseScanner(paths: readonly string[]): ScannerPath {
  const candidates = paths.filter((path) => !BOARD_NAMES.test(basename(path))).toSorted();
  const known = candidates.find((path) => SCANNER_NAMES.test(basename(path)));
  const chosen = known ?? (candidates.length === 1 ? candidates[0] : undefined);
  if (chosen !== undefined) return { kind: "found", path: chosen };
  return candidates.length === 0
    ? { kind: "missing", reason: "no scanner on USB; plug it in and set it to serial (CDC) mode" }
    : { kind: "missing", reason: "more than one serial device and none is a known scanner; name the scanner's path" };
}

async function matches(pattern: string): Promise<string[]> {
  const folder = dirname(pattern);
  const [start = "", ...rest] = basename(pattern).split("*");
  try {
    const names = await readdir(folder);
    const paths = names.filter((name) => fits(name, start, rest)).map((name) => join(folder, name));
    const there = await Promise.all(paths.map(leadsSomewhere));
    return paths.filter((_, at) => there[at]);
  } catch {
    return []; // no such folder: nothing is plugged in
  }
}

/** A link may outlive its device for a moment. */
async function leadsSomewhere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    return false; // gone
  }
}

/** Whether a name is `start` followed by each of `rest` in turn, with anything between, the last at its end. */
function fits(name: string, start: string, rest: readonly string[]): boolean {
  if (!name.startsWith(start)) return false;
  let at = start.length;
  for (const part of rest.slice(0, -1)) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  const end = rest.at(-1) ?? "";
  return name.length >= at + end.length && name.endsWith(end);
}
