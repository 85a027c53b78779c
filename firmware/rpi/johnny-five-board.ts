import type { Firmata } from "firmata-io";
import type { Board } from "johnny-five";
import type { SerialPort } from "serialport";
import type { Output } from "../ports/indicator-patterns.ts";
import type { Pinout } from "./pinout.ts";
import type { SetOutput } from "./signal-player.ts";

/** Where a servo holds the gate, 0 to 180 degrees. */
export interface GateServo {
  readonly shutDegrees: number;
  readonly openDegrees: number;
}

/** A microcontroller board that answered, as the indicator sees it. */
export interface BoardOutputs {
  readonly set: SetOutput;
  /** Resolves when what was set is on the wire; at once when the line is gone. */
  flush(): Promise<void>;
  /** Lets go of the board; its line is closed by whoever opened it. */
  release(): void;
}

export type BoardOpening =
  | { readonly kind: "ready"; readonly board: BoardOutputs }
  | { readonly kind: "missing"; readonly reason: string };

export interface BoardRig {
  readonly port: SerialPort;
  readonly pins: Pinout["firmata"];
  /** The gate is moved by a servo; null: by the relay. */
  readonly servo: GateServo | null;
  readonly pressed: () => void;
  readonly signal: AbortSignal;
  /** How long a board may say nothing after opening before it is asked for its version, milliseconds. */
  readonly askAfterMs: number;
  /** How long it may take to answer in all, milliseconds. */
  readonly readyWithinMs: number;
}

type Driver = { readonly five: typeof import("johnny-five").default; readonly io: typeof import("firmata-io").default };

/** Finds StandardFirmata at the other end of an open line. Never throws: silence and other firmware are an answer. */
export async function openBoard(rig: BoardRig): Promise<BoardOpening> {
  const driver = await loadDriver();
  if (!driver) return { kind: "missing", reason: "the package johnny-five is not installed; run npm install again" };
  const io = new driver.io.Firmata(rig.port, { reportVersionTimeout: rig.askAfterMs });
  io.on("error", () => undefined); // the line's end is seen by whoever opened it
  if (!(await isReady(io, rig))) {
    return { kind: "missing", reason: "the board does not answer; load StandardFirmata onto it" };
  }
  const board = new driver.five.Board({ io, repl: false, debug: false, sigint: false, timeout: rig.readyWithinMs });
  board.on("error", () => undefined);
  if (!(await isReady(board, rig))) {
    forget(driver, board);
    return { kind: "missing", reason: "the board was lost while it started" };
  }
  return { kind: "ready", board: wire(driver, { board, io, rig }) };
}

async function loadDriver(): Promise<Driver | null> {
  try {
    const [five, io] = await Promise.all([import("johnny-five"), import("firmata-io")]);
    return { five: five.default, io: io.default };
  } catch {
    return null;
  }
}

/** Waits for `ready`; false when the line ends, `signal` aborts or the time is over first. */
function isReady(thing: Firmata | Board, rig: BoardRig): Promise<boolean> {
  if (thing.isReady) return Promise.resolve(true);
  return new Promise((resolve) => {
    const settle = (ready: boolean) => (): void => {
      clearTimeout(timer);
      thing.off("ready", onReady);
      rig.port.off("close", onEnd);
      rig.signal.removeEventListener("abort", onEnd);
      resolve(ready);
    };
    const onReady = settle(true);
    const onEnd = settle(false);
    const timer = setTimeout(onEnd, rig.readyWithinMs);
    thing.once("ready", onReady);
    rig.port.once("close", onEnd);
    rig.signal.addEventListener("abort", onEnd, { once: true });
    if (rig.signal.aborted || !rig.port.isOpen) onEnd();
  });
}

function wire(
  driver: Driver,
  on: { readonly board: Board; readonly io: Firmata; readonly rig: BoardRig },
): BoardOutputs {
  const { board, io, rig } = on;
  const { Led, Button } = driver.five;
  const { outputs, inputs } = rig.pins;
  const parts = {
    relay: gateOf(driver, on),
    green: new Led({ pin: outputs.green, board }),
    amber: new Led({ pin: outputs.amber, board }),
    red: new Led({ pin: outputs.red, board }),
    buzzer: new Led({ pin: outputs.buzzer, board }), // an active buzzer is switched like a lamp
  };
  const button = new Button({ pin: inputs.button, board, isPullup: true });
  button.on("press", rig.pressed);
  return {
    set: (output: Output, isOn) => {
      const part = parts[output];
      if (isOn) part.on();
      else part.off();
    },
    flush: () =>
      new Promise((resolve) => {
        if (rig.port.isOpen) rig.port.drain(() => resolve());
        else resolve();
      }),
    release: () => {
      button.removeAllListeners();
      io.emit(`digital-read-${inputs.button}`, 1); // a button lost while held would keep its timer: here it comes up
      forget(driver, board);
    },
  };
}

/** What opens the door when it is on: the relay, or the servo in its place. */
function gateOf(
  { five: { Relay, Servo } }: Driver,
  { board, io, rig: { pins, servo } }: { readonly board: Board; readonly io: Firmata; readonly rig: BoardRig },
): { readonly on: () => void; readonly off: () => void } {
  if (servo) {
    const arm = new Servo({ pin: pins.gateServo, board, startAt: servo.shutDegrees });
    return { on: () => arm.to(servo.openDegrees), off: () => arm.to(servo.shutDegrees) };
  }
  io.pinMode(pins.outputs.relay, io.MODES.OUTPUT); // Relay, unlike Led, leaves the pin as it finds it
  const relay = new Relay({ pin: pins.outputs.relay, board });
  return { on: () => relay.close(), off: () => relay.open() };
}

/** The library keeps every board for ever; each replug would cost one. */
function forget({ five }: Driver, board: Board): void {
  const at = five.Board.cache.indexOf(board);
  if (at >= 0) five.Board.cache.splice(at, 1);
}
