import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { findGpioBase } from "../../../firmware/rpi/gpio-base.ts";
import { OnoffIndicator } from "../../../firmware/rpi/onoff-indicator.ts";
import { loadPinout } from "../../../firmware/rpi/pinout.ts";
import { silentLogger } from "../../../runtime/log.ts";
import { systemTimers } from "../../../runtime/timers.ts";
import { hookOnoff } from "../../../sim/devices/onoff-hook.ts";
import { SysfsGpio } from "../../../sim/devices/sysfs-gpio.ts";
import { tempFolder } from "../../support/temp.ts";
import { waitFor } from "../../support/wait-for.ts";
import { describeIndicator, type IndicatorRig } from "./indicator.contract.ts";

const { gpio: pins } = loadPinout(join(import.meta.dirname, "../../../hardware/pinout.json"));
const deps = { timers: systemTimers, logger: silentLogger };

/** The chip that onoff is wired to; onoff is loaded once, so the chip behind it is exchanged. */
let chip = new SysfsGpio({ base: 0, label: "none" });
const socket = new Proxy(chip, {
  get: (_, name) => {
    const value = Reflect.get(chip, name, chip);
    return typeof value === "function" ? value.bind(chip) : value;
  },
});
hookOnoff(socket);

function plugIn(options: { base: number; label: string; lineCount?: number }): string {
  chip = new SysfsGpio(options);
  const root = tempFolder();
  new SysfsGpio({ base: options.base + 200, label: "raspberrypi-exp-gpio", lineCount: 8 }).writeChipFolder(root);
  chip.writeChipFolder(root);
  chip.drive(pins.inputs.button.bcm, 1); // the pin pulls itself up
  return root;
}

async function rig(options: { base: number; label: string }): Promise<IndicatorRig> {
  const indicator = new OnoffIndicator({ pins, gatePulseMs: 30, sysfsRoot: plugIn(options) }, deps);
  await indicator.open();
  const { bcm } = pins.inputs.button;
  return {
    indicator,
    isOn: (output) => chip.output(pins.outputs[output].bcm) === 1,
    press: async () => {
      for (const level of [0, 1, 0] as const) chip.drive(bcm, level); // contacts bounce
      await pressed();
      chip.drive(bcm, 1);
      await pressed();
    },
  };
}

/** Longer than the adapter's debouncing. */
function pressed(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 40));
}

const MODELS = [
  { model: "Pi 3 on an old kernel", base: 0, label: "pinctrl-bcm2835" },
  { model: "Pi 5 on 6.1", base: 399, label: "pinctrl-rp1" },
  { model: "Pi 4 on 6.6", base: 512, label: "pinctrl-bcm2711" },
  { model: "Pi 5 on 6.6", base: 571, label: "pinctrl-rp1" },
];

for (const { model, base, label } of MODELS) {
  describeIndicator(`onoff, ${model}: base ${base}`, () => rig({ base, label }));
}

describe("OnoffIndicator without its hardware", () => {
  it("says that there is no GPIO, and takes every signal all the same", async () => {
    const indicator = new OnoffIndicator({ pins, gatePulseMs: 30, sysfsRoot: join(tempFolder(), "absent") }, deps);
    await indicator.open();
    indicator.show("in");
    indicator.openGate();
    expect(indicator.status()).toMatchObject({ present: false, reason: expect.stringMatching(/no GPIO/) });
    await indicator.close();
  });

  it("does not take some other chip for the header's", async () => {
    const root = tempFolder();
    new SysfsGpio({ base: 200, label: "gpio-mockup-A" }).writeChipFolder(root);
    expect(await findGpioBase(root, pins.chips)).toMatchObject({ kind: "missing" });
  });

  it("says that a line belongs to another driver, and gives back those that it had", async () => {
    const sysfsRoot = plugIn({ base: 512, label: "pinctrl-bcm2711" });
    const strict = chip;
    const write = strict.write.bind(strict);
    strict.write = (file, text) => {
      if (file === "export" && text === String(512 + pins.outputs.relay.bcm)) {
        throw Object.assign(new Error("busy"), { code: "EBUSY" });
      }
      write(file, text);
    };
    const indicator = new OnoffIndicator({ pins, gatePulseMs: 30, sysfsRoot }, deps);
    await indicator.open();
    onTestFinished(() => indicator.close());
    expect(indicator.status()).toMatchObject({ present: false, reason: expect.stringMatching(/another driver/) });
    expect(chip.isExported(pins.outputs.green.bcm)).toBe(false);
  });

  it("does not write beyond the chip's lines", async () => {
    const sysfsRoot = plugIn({ base: 512, label: "pinctrl-bcm2711", lineCount: 20 });
    const indicator = new OnoffIndicator({ pins, gatePulseMs: 30, sysfsRoot }, deps);
    await indicator.open();
    expect(indicator.status().present).toBe(false);
  });

  it("drives an active-low relay module the right way round from the first moment", async () => {
    const sysfsRoot = plugIn({ base: 512, label: "pinctrl-bcm2711" });
    const relay = { ...pins.outputs.relay, activeLow: true };
    const voltages: (number | null)[] = [];
    const write = chip.write.bind(chip);
    chip.write = (file, text) => {
      write(file, text);
      voltages.push(chip.output(relay.bcm));
    };
    const options = { pins: { ...pins, outputs: { ...pins.outputs, relay } }, gatePulseMs: 30, sysfsRoot };
    const indicator = new OnoffIndicator(options, deps);
    await indicator.open();
    onTestFinished(() => indicator.close());
    expect(voltages).not.toContain(0);
    indicator.openGate();
    await waitFor(() => chip.output(relay.bcm) === 0, { everyMs: 1 });
    await waitFor(() => chip.output(relay.bcm) === 1, { everyMs: 1 });
  });
});
