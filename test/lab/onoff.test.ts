import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { OnoffIndicator } from "../../firmware/rpi/onoff-indicator.ts";
import { loadPinout } from "../../firmware/rpi/pinout.ts";
import { silentLogger } from "../../runtime/log.ts";
import { systemTimers } from "../../runtime/timers.ts";
import { describeIndicator, type IndicatorRig } from "../contract/firmware/indicator.contract.ts";

const { gpio: pins } = loadPinout(join(import.meta.dirname, "../../hardware/pinout.json"));
const PLATFORM = "/sys/devices/platform";

/** The simulated chip's own side: what the outputs are at, and which way the inputs are pulled. */
const chip = chipFolder();

describeIndicator("onoff on a kernel's own GPIO", async (): Promise<IndicatorRig> => {
  const button = pins.inputs.button.bcm;
  pull(button, "pull-up");
  const indicator = new OnoffIndicator({ pins, gatePulseMs: 30 }, { timers: systemTimers, logger: silentLogger });
  await indicator.open();
  return {
    indicator,
    isOn: (output) => levelOf(pins.outputs[output].bcm) === 1,
    press: async () => {
      for (const way of ["pull-down", "pull-up", "pull-down"] as const) pull(button, way); // contacts bounce
      await pressed();
      pull(button, "pull-up");
      await pressed();
    },
  };
});

function chipFolder(): string {
  const device = readdirSync(PLATFORM).find((name) => name.startsWith("gpio-sim"));
  const folder = join(PLATFORM, device ?? "", "");
  const name = device && readdirSync(folder).find((entry) => /^gpiochip\d+$/.test(entry));
  if (!name) throw new Error("no simulated chip: this suite runs in the lab's guest, by npm run lab");
  return join(folder, name);
}

function levelOf(line: number): number {
  return Number(readFileSync(join(chip, `sim_gpio${line}`, "value"), "latin1"));
}

function pull(line: number, way: "pull-up" | "pull-down"): void {
  writeFileSync(join(chip, `sim_gpio${line}`, "pull"), way);
}

/** Longer than the adapter's debouncing. */
function pressed(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 40));
}
