import { readFileSync } from "node:fs";
import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { BluepostError } from "../../protocol/errors.ts";

/** hardware/pinout.json is missing or does not have its form. */
export class PinoutError extends BluepostError {
  readonly code = "FW_PINOUT";
  readonly recovery = "operator";
}

const Line = Type.Object({
  /** Number of the line on the processor, as the Pi's documents count them. */
  bcm: Type.Integer({ minimum: 0, maximum: 27 }),
  /** Number of the pin on the 40-pin header. */
  headerPin: Type.Integer({ minimum: 1, maximum: 40 }),
  activeLow: Type.Boolean(),
  part: Type.String(),
});
const BoardPin = Type.Integer({ minimum: 2, maximum: 19 });

function ofOutputs<Pin extends typeof Line | typeof BoardPin>(pin: Pin) {
  return Type.Object({ green: pin, amber: pin, red: pin, buzzer: pin, relay: pin });
}

/** Which pin does what: one file for the firmware, the wiring guide and the simulator. */
export const Pinout = Type.Object({
  gpio: Type.Object({ outputs: ofOutputs(Line), inputs: Type.Object({ button: Line }) }),
  firmata: Type.Object({ outputs: ofOutputs(BoardPin), inputs: Type.Object({ button: BoardPin }) }),
});
export type Pinout = Static<typeof Pinout>;

/** @throws {PinoutError} FW_PINOUT when the file is missing or wrong */
export function loadPinout(path: string): Pinout {
  let read: unknown;
  try {
    read = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new PinoutError("the pin table cannot be read", {}, { cause });
  }
  if (!Value.Check(Pinout, read)) {
    throw new PinoutError("the pin table does not have its form", {
      at: Value.Errors(Pinout, read).First()?.path ?? "",
    });
  }
  return read;
}
