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
  /** What moves the gate, for `firmata`; default: the relay. */
  readonly gate?: "relay" | "servo";
  /** Where the servo holds the gate, 0 to 180 degrees. */
  readonly gateShutDegrees?: number;
  readonly gateOpenDegrees?: number;
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
  const { path, gate, gateShutDegrees: shutDegrees = 90, gateOpenDegrees: openDegrees = 0 } = choice;
  const servo = gate === "servo" ? { shutDegrees, openDegrees } : null;
  const indicator = new FirmataIndicator({ path, pins: pinout.firmata, gatePulseMs, servo }, deps);
  indicator.open();
  return indicator;
}
