import { readFileSync } from "node:fs";
import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { BluepostError } from "../../protocol/errors.ts";

/** hardware/pinout.json is missing or does not have its form. */
export class PinoutError extends BluepostError {
  readonly code = "FW_PINOUT";
  readonly recovery = "operator";
}

/** Number of a line on the processor, as the Pi's documents count them. */
const Bcm = Type.Integer({ minimum: 0, maximum: 27 });
/** Number of a pin on the 40-pin header. */
const HeaderPin = Type.Integer({ minimum: 1, maximum: 40 });
const Line = Type.Object({
  bcm: Bcm,
  headerPin: HeaderPin,
  /** Where this part's ground wire goes; every part has a pin of its own. */
  groundPin: HeaderPin,
  /** Where a part that needs more than its line gets its power. */
  supplyPin: Type.Optional(HeaderPin),
  activeLow: Type.Boolean(),
  part: Type.String({ minLength: 1 }),
});
const BoardPin = Type.Integer({ minimum: 2, maximum: 19 });
const SerialPin = Type.Object({ bcm: Bcm, headerPin: HeaderPin });

function ofOutputs<Pin extends typeof Line | typeof BoardPin>(pin: Pin) {
  return Type.Object({ green: pin, amber: pin, red: pin, buzzer: pin, relay: pin });
}

/** Which pin does what: one file for the firmware, the wiring guide and the simulator. */
export const Pinout = Type.Object({
  board: Type.String({ minLength: 1 }),
  /** The header as the Pi's documents give it: which pin carries which line, ground or power. */
  header: Type.Object({
    lines: Type.Record(Type.String({ pattern: "^\\d{1,2}$" }), Bcm),
    ground: Type.Array(HeaderPin, { minItems: 1 }),
    "3v3": Type.Array(HeaderPin),
    "5v": Type.Array(HeaderPin),
  }),
  gpio: Type.Object({
    /** Labels of the chips that the header hangs on: Pi 0 to 3, Pi 4, Pi 5. Line numbers count from the chip's base. */
    chips: Type.Array(Type.String({ minLength: 1 }), { minItems: 1 }),
    outputs: ofOutputs(Line),
    inputs: Type.Object({ button: Line }),
  }),
  /** A scanner on wires instead of USB. */
  uart: Type.Object({
    transmit: SerialPin,
    receive: SerialPin,
    groundPin: HeaderPin,
    supplyPin: HeaderPin,
    baudRate: Type.Integer({ minimum: 1_200, maximum: 921_600 }),
    device: Type.String({ pattern: "^/dev/" }),
    /** Lines for config.txt, by the label of the header's chip. */
    overlays: Type.Record(Type.String(), Type.Array(Type.String({ minLength: 1 }), { minItems: 1 })),
  }),
  firmata: Type.Object({
    outputs: ofOutputs(BoardPin),
    /** Signal of a servo that moves the gate, where there is one in place of the relay. */
    gateServo: BoardPin,
    inputs: Type.Object({ button: BoardPin }),
  }),
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
  const problem = pinProblems(read)[0];
  if (problem !== undefined) throw new PinoutError(`the pin table is wrong: ${problem}`);
  return read;
}

/** What would damage a part or leave it dark: a pin used twice, a line on another line's pin, power where ground should be. */
export function pinProblems({ header, gpio, uart, firmata }: Pinout): readonly string[] {
  const lines = [
    ...Object.entries({ ...gpio.outputs, ...gpio.inputs }),
    ["uart.transmit", uart.transmit] as const,
    ["uart.receive", uart.receive] as const,
  ];
  const returns = [...Object.values({ ...gpio.outputs, ...gpio.inputs }), uart].map(({ groundPin }) => groundPin);
  const supplies = [...Object.values(gpio.outputs), uart].flatMap(({ supplyPin }) => supplyPin ?? []);
  const power = [...header["3v3"], ...header["5v"]];
  return [
    ...lines
      .filter(([, { bcm, headerPin }]) => header.lines[String(headerPin)] !== bcm)
      .map(([name, { bcm, headerPin }]) => `${name}: line ${bcm} is not on pin ${headerPin}`),
    ...returns.filter((pin) => !header.ground.includes(pin)).map((pin) => `pin ${pin} is no ground`),
    ...supplies.filter((pin) => !power.includes(pin)).map((pin) => `pin ${pin} carries no power`),
    ...twice([...lines.map(([, { headerPin }]) => headerPin), ...returns, ...supplies]).map(
      (pin) => `pin ${pin} twice`,
    ),
    ...twice([...Object.values({ ...firmata.outputs, ...firmata.inputs }), firmata.gateServo]).map(
      (pin) => `board pin ${pin} twice`,
    ),
    ...gpio.chips.filter((chip) => !(chip in uart.overlays)).map((chip) => `no overlay for ${chip}`),
  ];
}

function twice(pins: readonly number[]): readonly number[] {
  return pins.filter((pin, at) => pins.indexOf(pin) !== at);
}
