import type { Indicator } from "../ports/indicator.ts";
import { FirmataIndicator } from "./firmata-indicator.ts";
import { NullIndicator } from "./null-indicator.ts";
import { type IndicatorDeps, OnoffIndicator } from "./onoff-indicator.ts";
import { loadPinout } from "./pinout.ts";

export interface IndicatorChoice {
  readonly kind: "none" | "gpio" | "firmata";
  /** Serial device of the board, for `firmata`. */
  readonly path: string;
  /** Full path of hardware/pinout.json. */
  readonly pinoutPath: string;
  /** How long the relay stays closed to open the gate, milliseconds; default 500. */
  readonly gatePulseMs?: number;
}

/**
 * Makes the indicator that the configuration asks for. Missing hardware is no fault: `status` of the result names it.
 *
 * @throws {PinoutError} FW_PINOUT when the pin table is missing or wrong and is needed
 */
export async function openIndicator(choice: IndicatorChoice, deps: IndicatorDeps): Promise<Indicator> {
  if (choice.kind === "none") return new NullIndicator();
  const pinout = loadPinout(choice.pinoutPath);
  const gatePulseMs = choice.gatePulseMs ?? 500;
  if (choice.kind === "gpio") {
    const indicator = new OnoffIndicator({ pins: pinout.gpio, gatePulseMs }, deps);
    await indicator.open();
    return indicator;
  }
  const indicator = new FirmataIndicator({ path: choice.path, pins: pinout.firmata, gatePulseMs }, deps);
  indicator.open();
  return indicator;
}
