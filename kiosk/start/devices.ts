import type { QrScanner } from "../../firmware/ports/qr-scanner.ts";
import { findBluetoothAdapters } from "../../firmware/rpi/bluetooth-adapters.ts";
import { CameraQrScanner } from "../../firmware/rpi/camera-qr-scanner.ts";
import { diskWear, freeBytes } from "../../firmware/rpi/linux-disk.ts";
import { openRadio } from "../../firmware/rpi/open-radio.ts";
import { SerialQrScanner } from "../../firmware/rpi/serial-qr-scanner.ts";
import type { BoottimeMs } from "../../protocol/units.ts";
import type { RootLogger } from "../../runtime/log.ts";
import { systemTimers } from "../../runtime/timers.ts";
import type { KioskConfig } from "../config.ts";
import type { KioskDeps } from "../deps.ts";
import type { DeviceBundle } from "../provision/bundle.ts";
import { radioOrderOf } from "../radio/configured.ts";

/** The scanner that the configuration names; a serial one keeps off the lines of the lamps and of the set-up cable. */
export function openScanner(config: KioskConfig, log: RootLogger, boottime: () => BoottimeMs): QrScanner {
  const { kind, path, baudRate, camera } = config.scanner;
  const deps = { boottime, timers: systemTimers, logger: log.child("scanner") };
  if (kind === "camera") return new CameraQrScanner(camera, deps);
  const exclude = [config.indicator.path, config.improv.serial].filter((one) => one !== "" && one !== "off");
  return new SerialQrScanner({ path, baudRate, exclude }, deps);
}

/** The radio as the configuration wants it; a machine without one goes on without. */
export async function openKioskRadio(
  config: KioskConfig,
  { trust }: DeviceBundle,
  deps: Parameters<typeof openRadio>[1],
): Promise<{ readonly parts: Pick<KioskDeps, "radio">; close(): Promise<void> }> {
  const order = radioOrderOf(config, trust, await findBluetoothAdapters());
  if (!order) return { parts: {}, close: async () => undefined };
  const radio = openRadio(order, deps);
  const { beacon, observer } = radio;
  return { parts: { radio: { beacon, observer, settings: order.settings } }, close: () => radio.close() };
}

/** Free bytes and wear of the disk that a folder lies on. */
export async function diskFacts(folder: string): Promise<object> {
  return { freeBytes: await freeBytes(folder), wear: await diskWear(folder) };
}
