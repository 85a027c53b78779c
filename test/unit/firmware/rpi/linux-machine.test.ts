import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { diskSpace, freeBytes } from "../../../../firmware/rpi/linux-disk.ts";
import { readHome } from "../../../../firmware/rpi/linux-identity.ts";
import { loadPinout, PinoutError, pinProblems } from "../../../../firmware/rpi/pinout.ts";
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

  it("finds nothing wrong in the table that is shipped", () => {
    expect(pinProblems(loadPinout(real))).toEqual([]);
  });

  it("names a pin used twice, a line on a wrong pin, and power where ground should be", () => {
    const pinout = loadPinout(real);
    const outputs = pinout.gpio.outputs;
    const broken = (red: object) =>
      pinProblems({ ...pinout, gpio: { ...pinout.gpio, outputs: { ...outputs, red: { ...outputs.red, ...red } } } });
    expect(broken({ bcm: outputs.green.bcm, headerPin: outputs.green.headerPin })).toEqual(["pin 11 twice"]);
    expect(broken({ bcm: 5 })).toEqual(["red: line 5 is not on pin 15"]);
    expect(broken({ groundPin: 4 })).toEqual(["pin 4 is no ground", "pin 4 twice"]);
    expect(broken({ supplyPin: 39 })).toEqual(["pin 39 carries no power"]);
    expect(pinProblems({ ...pinout, uart: { ...pinout.uart, overlays: {} } })).toHaveLength(3);
  });

  it("gives the button a line that pulls itself up, and the outputs lines that start low", () => {
    const { gpio } = loadPinout(real);
    expect(gpio.inputs.button.bcm).toBeLessThanOrEqual(8); // BCM2835 ARM Peripherals, table 6-31: 0 to 8 pull up at reset
    for (const line of Object.values(gpio.outputs)) expect(line.bcm).toBeGreaterThan(8);
  });

  it("knows the header as the Pi's documents give it", () => {
    const { header } = loadPinout(real);
    expect(header.lines).toMatchObject({ 3: 2, 8: 14, 10: 15, 11: 17, 13: 27, 15: 22, 16: 23, 18: 24, 29: 5, 40: 21 });
    const all = [...Object.keys(header.lines).map(Number), ...header.ground, ...header["3v3"], ...header["5v"]];
    expect(all.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, at) => at + 1));
    expect(new Set(Object.values(header.lines)).size).toBe(28);
  });

  it("refuses a table that is missing or wrong", () => {
    expect(() => loadPinout(join(tempFolder(), "absent.json"))).toThrow(PinoutError);
    const root = machine({ "pinout.json": '{"gpio": {}}' });
    expect(() => loadPinout(join(root, "pinout.json"))).toThrow(/form/);
  });
});
