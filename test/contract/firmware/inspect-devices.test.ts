import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { inspectDevices } from "../../../firmware/rpi/inspect-devices.ts";
import { PtyScanner } from "../../../sim/devices/pty-scanner.ts";
import { SysfsGpio } from "../../../sim/devices/sysfs-gpio.ts";
import { noPtys } from "../../support/ptys.ts";
import { tempFolder } from "../../support/temp.ts";

const none = { kind: "none", path: "" } as const;
const line = async (check: string, choice: Parameters<typeof inspectDevices>[0]) =>
  (await inspectDevices(choice)).find((found) => found.check === check);

describe("inspectDevices", () => {
  it("names a missing scanner and a missing board, and what to do", async () => {
    const path = join(tempFolder(), "absent");
    const choice = { scanner: { path }, indicator: { kind: "firmata", path } } as const;
    expect(await line("scanner", choice)).toEqual({ check: "scanner", ok: false, detail: `no device at ${path}` });
    expect(await line("lights", choice)).toEqual({ check: "lights", ok: false, detail: `no device at ${path}` });
  });

  it.skipIf(noPtys !== "")(`names the device of a scanner that is there ${noPtys}`, async () => {
    const device = new PtyScanner({ link: join(tempFolder(), "usb-scanner") });
    device.plug();
    const found = await line("scanner", { scanner: { path: device.link }, indicator: none });
    device.unplug();
    expect(found).toEqual({ check: "scanner", ok: true, detail: device.link });
  });

  it("names the camera's program where a camera is configured, and what to do when it is missing", async () => {
    const command = join(tempFolder(), "rpicam-vid");
    const choice = { scanner: { kind: "camera", path: "auto", camera: { command } }, indicator: none } as const;
    expect(await line("scanner", choice)).toEqual({ check: "scanner", ok: false, detail: `no program at ${command}` });
    writeFileSync(command, "#!/bin/sh\n", { mode: 0o755 });
    expect(await line("scanner", choice)).toEqual({ check: "scanner", ok: true, detail: `camera, by ${command}` });
  });

  it("names the header's chip", async () => {
    const sysfsRoot = tempFolder();
    const choice = { scanner: { path: "auto" }, indicator: { kind: "gpio", path: "" }, sysfsRoot } as const;
    expect(await line("lights", choice)).toMatchObject({ ok: false });
    new SysfsGpio({ base: 571, label: "pinctrl-rp1" }).writeChipFolder(sysfsRoot);
    expect(await line("lights", choice)).toEqual({ check: "lights", ok: true, detail: "pinctrl-rp1, lines from 571" });
  });

  it("tells how well the clock is set, and asks for no lights where none are configured", async () => {
    const choice = { scanner: { path: "auto" }, indicator: none };
    expect(await line("clock", choice)).toMatchObject({ ok: true });
    expect(await line("lights", choice)).toMatchObject({ ok: true });
  });
});
