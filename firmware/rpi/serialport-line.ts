import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import type { SerialPort } from "serialport";
import { every, type Timers } from "../../runtime/timers.ts";

/** A serial line that is open, or why it is not, in words for a technician. */
export type SerialOpening =
  | { readonly kind: "open"; readonly port: SerialPort }
  | { readonly kind: "missing"; readonly reason: string };

/** Opens a serial device by its path and takes an exclusive lock on it. Never throws: a missing package or device is an answer. */
export async function openSerialLine(options: {
  readonly path: string;
  readonly baudRate: number;
}): Promise<SerialOpening> {
  const { path, baudRate } = options;
  let driver: typeof import("serialport");
  try {
    driver = await import("serialport");
  } catch {
    return { kind: "missing", reason: "the package serialport is not installed; run npm install again" };
  }
  const barred = await whyBarred(path);
  if (barred) return { kind: "missing", reason: barred };
  const port = new driver.SerialPort({ path, baudRate, autoOpen: false, lock: true });
  return new Promise((resolve) => {
    port.open((fault) => {
      if (fault) resolve({ kind: "missing", reason: `${path} cannot be opened; another program may hold it` });
      else resolve({ kind: "open", port });
    });
  });
}

/** Why a device cannot be reached, in words for a technician; null when nothing stands in the way. It is not opened. */
export async function whyBarred(path: string): Promise<string | null> {
  try {
    await access(path, constants.R_OK | constants.W_OK);
    return null;
  } catch (fault) {
    const code = fault instanceof Error && "code" in fault ? fault.code : null;
    if (code === "EACCES" || code === "EPERM") {
      return `no permission for ${path}; the service's user must belong to the group dialout`;
    }
    return `no device at ${path}`;
  }
}

/** How often an open line is checked against its path, milliseconds. */
const PRESENCE_CHECK_MS = 2_000;

/**
 * Waits until a line is lost or `signal` aborts, and closes it.
 *
 * A device that was pulled out does not always end its line (node-serialport#2043), so its path is watched as well: when that is
 * gone, or is another device by now, the line is lost.
 */
export async function lineEnd(
  port: SerialPort,
  watch: { readonly timers: Timers; readonly signal: AbortSignal },
): Promise<void> {
  const device = await deviceAt(port.path);
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const check = async (): Promise<void> => {
    if ((await deviceAt(port.path)) !== device) end();
  };
  const stopChecking = every(watch.timers, PRESENCE_CHECK_MS, () => void check());
  port.once("close", end);
  port.on("error", end); // stays: an error without a listener would end the process
  watch.signal.addEventListener("abort", end, { once: true });
  if (watch.signal.aborted || !port.isOpen) end();
  await ended;
  stopChecking();
  watch.signal.removeEventListener("abort", end);
  await closeLine(port);
}

/** Which device a path leads to just now, as text to compare; null when it leads nowhere. */
async function deviceAt(path: string): Promise<string | null> {
  try {
    const { dev, ino, rdev } = await stat(path);
    return `${dev}:${ino}:${rdev}`;
  } catch {
    return null; // gone, or out of reach: the same to a reader
  }
}

/** Closes a line; one that is closed already stays so. */
export function closeLine(port: SerialPort): Promise<void> {
  if (!port.isOpen) return Promise.resolve();
  return new Promise((resolve) => port.close(() => resolve()));
}
