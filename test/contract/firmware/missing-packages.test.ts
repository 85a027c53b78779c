import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { FirmataIndicator } from "../../../firmware/rpi/firmata-indicator.ts";
import { OnoffIndicator } from "../../../firmware/rpi/onoff-indicator.ts";
import { openIndicator } from "../../../firmware/rpi/open-indicator.ts";
import { loadPinout } from "../../../firmware/rpi/pinout.ts";
import { SerialQrScanner } from "../../../firmware/rpi/serial-qr-scanner.ts";
import { openSerialLine } from "../../../firmware/rpi/serialport-line.ts";
import type { BoottimeMs } from "../../../protocol/units.ts";
import { silentLogger } from "../../../runtime/log.ts";
import { systemTimers } from "../../../runtime/timers.ts";
import { SysfsGpio } from "../../../sim/devices/sysfs-gpio.ts";
import { tempFolder } from "../../support/temp.ts";
import { waitFor } from "../../support/wait-for.ts";
import { listen } from "./qr-scanner.contract.ts";

function absent(): never {
  throw new Error("Cannot find package");
}
vi.mock("serialport", absent);
vi.mock("onoff", absent);
vi.mock("johnny-five", absent);

const pinoutPath = join(import.meta.dirname, "../../../hardware/pinout.json");
const deps = { timers: systemTimers, logger: silentLogger };

it("a scanner says that serialport is not installed", async () => {
  const scanner = new SerialQrScanner(
    { path: "/dev/null", baudRate: 9_600 },
    { ...deps, boottime: () => 0 as BoottimeMs },
  );
  listen(scanner);
  await waitFor(() => {
    const status = scanner.status();
    return !status.present && /serialport is not installed/.test(status.reason);
  });
});

it("lights on the header say that onoff is not installed", async () => {
  const sysfsRoot = tempFolder();
  new SysfsGpio({ base: 512, label: "pinctrl-bcm2711" }).writeChipFolder(sysfsRoot);
  const indicator = new OnoffIndicator({ pins: loadPinout(pinoutPath).gpio, gatePulseMs: 10, sysfsRoot }, deps);
  await indicator.open();
  expect(indicator.status()).toMatchObject({ reason: expect.stringMatching(/onoff is not installed/) });
});

it("a board says which package is missing first", async () => {
  expect(await openSerialLine({ path: "/dev/null", baudRate: 57_600 })).toMatchObject({ kind: "missing" });
  const pins = loadPinout(pinoutPath).firmata;
  const indicator = new FirmataIndicator({ path: "/dev/null", pins, gatePulseMs: 10 }, deps);
  indicator.open();
  onTestFinished(() => indicator.close());
  await waitFor(() => {
    const status = indicator.status();
    return !status.present && /is not installed/.test(status.reason);
  });
});

it.each(["none", "gpio", "firmata"] as const)("a kiosk gets an indicator all the same: %s", async (kind) => {
  const indicator = await openIndicator({ kind, path: "/dev/null", pinoutPath }, deps);
  indicator.show("in");
  indicator.openGate();
  indicator.onButton(() => {})();
  expect(indicator.status().present).toBe(false);
  await indicator.close();
});
