import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { diskSpace, freeBytes } from "../../../../firmware/rpi/linux-disk.ts";
import { readHome } from "../../../../firmware/rpi/linux-identity.ts";
import { loadPinout, PinoutError } from "../../../../firmware/rpi/pinout.ts";
import { tempFolder } from "../../../support/temp.ts";

function machine(files: Readonly<Record<string, string>>): string {
  const root = tempFolder();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

describe("readHome", () => {
  it("reads the serials of a Pi and of its card", async () => {
    const root = machine({
      "proc/device-tree/serial-number": "10000000ABCDEF12\0",
      "sys/block/mmcblk0/device/cid": "1b534d45423151543010a1b2c3d40147\n",
    });
    expect(await readHome(root)).toEqual({
      socSerial: "10000000abcdef12",
      cardCid: "1b534d45423151543010a1b2c3d40147",
    });
  });

  it("takes the disk that is there, and no serial of zeros", async () => {
    const root = machine({
      "proc/device-tree/serial-number": "0000000000000000\0",
      "sys/block/nvme0n1/device/serial": "S4X 77\n",
    });
    expect(await readHome(root)).toEqual({ socSerial: "", cardCid: "s4x 77" });
  });

  it("gives empty texts on a machine that has none", async () => {
    expect(await readHome(tempFolder())).toEqual({ socSerial: "", cardCid: "" });
  });
});

describe("diskSpace", () => {
  it("measures the disk of a folder, and refuses a folder that is not there", async () => {
    const folder = tempFolder();
    const { freeBytes: free, totalBytes } = await diskSpace(folder);
    expect(free).toBeGreaterThan(0);
    expect(totalBytes).toBeGreaterThanOrEqual(free);
    await expect(freeBytes(join(folder, "absent"))).rejects.toMatchObject({ code: "ENOENT" });
  });
});

describe("loadPinout", () => {
  const real = join(import.meta.dirname, "../../../../hardware/pinout.json");

  it("gives no line and no header pin to two things", () => {
    const { gpio, firmata } = loadPinout(real);
    const lines = [...Object.values(gpio.outputs), gpio.inputs.button];
    for (const numbers of [lines.map((line) => line.bcm), lines.map((line) => line.headerPin)]) {
      expect(new Set(numbers).size).toBe(numbers.length);
    }
    const boardPins = [...Object.values(firmata.outputs), firmata.inputs.button];
    expect(new Set(boardPins).size).toBe(boardPins.length);
  });

  it("gives the button a line that pulls itself up, and the outputs lines that start low", () => {
    const { gpio } = loadPinout(real);
    expect(gpio.inputs.button.bcm).toBeLessThanOrEqual(8); // BCM2835 ARM Peripherals, table 6-31: 0 to 8 pull up at reset
    for (const line of Object.values(gpio.outputs)) expect(line.bcm).toBeGreaterThan(8);
  });

  it("pairs lines and header pins as the Pi does", () => {
    const header: Readonly<Record<number, number>> = { 5: 29, 17: 11, 22: 15, 23: 16, 24: 18, 27: 13 };
    const { gpio } = loadPinout(real);
    for (const { bcm, headerPin } of [...Object.values(gpio.outputs), gpio.inputs.button])
      expect(headerPin).toBe(header[bcm]);
  });

  it("refuses a table that is missing or wrong", () => {
    expect(() => loadPinout(join(tempFolder(), "absent.json"))).toThrow(PinoutError);
    const root = machine({ "pinout.json": '{"gpio": {}}' });
    expect(() => loadPinout(join(root, "pinout.json"))).toThrow(/form/);
  });
});
