import { packageFile } from "../../runtime/package-paths.ts";
import { systemTimers } from "../../runtime/timers.ts";
import { findBluetoothAdapters } from "./bluetooth-adapters.ts";
import { findCameraCommand } from "./camera/camera-command.ts";
import { findGpioBase } from "./gpio-base.ts";
import { LinuxClock } from "./linux-clock.ts";
import { loadPinout, PinoutError } from "./pinout.ts";
import { findScannerPath } from "./scanner-path.ts";
import { whyBarred } from "./serialport-line.ts";

/** One thing that was looked at, and what to do about it in words for a technician when it is not well. */
export interface DeviceFinding {
  readonly check: string;
  readonly ok: boolean;
  readonly detail: string;
}

export interface InspectChoice {
  readonly scanner: {
    /** Default: serial. */
    readonly kind?: "serial" | "camera";
    /** Serial device, for a serial scanner. */
    readonly path: string;
    /** For a camera. */
    readonly camera?: { readonly command: string };
  };
  readonly indicator: { readonly kind: "none" | "gpio" | "firmata"; readonly path: string };
  readonly radio?: { readonly use: "auto" | "on" | "off" };
  /** The kernel's GPIO folder; default /sys/class/gpio. */
  readonly sysfsRoot?: string;
}

/** Looks at the devices of this machine without opening any, so that a kiosk that runs meanwhile is not disturbed. Never throws. */
export async function inspectDevices(choice: InspectChoice): Promise<readonly DeviceFinding[]> {
  return Promise.all([inspectScanner(choice), inspectIndicator(choice), inspectRadio(choice), inspectClock()]);
}

async function inspectScanner({ scanner, indicator }: InspectChoice): Promise<DeviceFinding> {
  if (scanner.kind === "camera") return inspectCamera(scanner.camera?.command ?? "auto");
  const missing = await packageMissing("serialport");
  if (missing) return { check: "scanner", ok: false, detail: missing };
  const found = await findScannerPath(scanner.path, { exclude: indicator.path ? [indicator.path] : [] });
  if (found.kind === "missing") return { check: "scanner", ok: false, detail: found.reason };
  return finding("scanner", await whyBarred(found.path), found.path);
}

/** A camera that is asked for its name is a camera that is opened, so only its program is looked for. */
async function inspectCamera(command: string): Promise<DeviceFinding> {
  const found = await findCameraCommand(command);
  if (found.kind === "missing") return { check: "scanner", ok: false, detail: found.reason };
  return { check: "scanner", ok: true, detail: `camera, by ${found.path}` };
}

async function inspectIndicator({ indicator, sysfsRoot = "/sys/class/gpio" }: InspectChoice): Promise<DeviceFinding> {
  if (indicator.kind === "none") return { check: "lights", ok: true, detail: "none are configured" };
  if (indicator.kind === "firmata") {
    const barred = (await packageMissing("johnny-five")) ?? (await whyBarred(indicator.path));
    return finding("lights", barred, indicator.path);
  }
  const chips = headerChips();
  if (chips.kind === "unknown") return { check: "lights", ok: false, detail: chips.reason };
  const base = await findGpioBase(sysfsRoot, chips.labels);
  if (base.kind === "missing") return { check: "lights", ok: false, detail: base.reason };
  return finding("lights", await packageMissing("onoff"), `${base.label}, lines from ${base.base}`);
}

/** Without a radio a door works, so its absence is a fault only where one was ordered. */
async function inspectRadio({ radio }: InspectChoice): Promise<DeviceFinding> {
  const use = radio?.use ?? "off";
  if (use === "off") return { check: "radio", ok: true, detail: "switched off: no beacon, nothing observed" };
  const adapters = await findBluetoothAdapters();
  if (adapters.length > 0) {
    const names = adapters.map((n) => `hci${n}`).join(", ");
    const detail =
      adapters.length > 1 ? `${names}: one sends, one listens` : `${names}: sends, and listens now and then`;
    return { check: "radio", ok: true, detail };
  }
  const detail = "no Bluetooth adapter: no beacon, nothing observed; the door works without";
  return { check: "radio", ok: use === "auto", detail };
}

function headerChips():
  | { readonly kind: "known"; readonly labels: readonly string[] }
  | { readonly kind: "unknown"; readonly reason: string } {
  try {
    return { kind: "known", labels: loadPinout(packageFile("hardware/pinout.json")).gpio.chips };
  } catch (fault) {
    if (fault instanceof PinoutError) return { kind: "unknown", reason: `${fault.message}; install the package again` };
    throw fault;
  }
}

async function inspectClock(): Promise<DeviceFinding> {
  const clock = new LinuxClock({ timers: systemTimers });
  await clock.open();
  const { state, uncertaintyMs } = clock.now();
  clock.close();
  const known = `set by ${state}, right to ${uncertaintyMs} ms`;
  return { check: "clock", ok: true, detail: state === "unsynced" ? "not set yet; the gateway will set it" : known };
}

function finding(check: string, wrong: string | null, right: string): DeviceFinding {
  return { check, ok: wrong === null, detail: wrong ?? right };
}

async function packageMissing(name: "serialport" | "johnny-five" | "onoff"): Promise<string | null> {
  try {
    await import(name);
    return null;
  } catch {
    return `the package ${name} is not installed; run npm install again`;
  }
}
