import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { FirmataIndicator, type FirmataIndicatorOptions } from "../../../firmware/rpi/firmata-indicator.ts";
import { loadPinout } from "../../../firmware/rpi/pinout.ts";
import { silentLogger } from "../../../runtime/log.ts";
import { systemTimers } from "../../../runtime/timers.ts";
import { PtyFirmataBoard } from "../../../sim/devices/pty-firmata-board.ts";
import { noPtys } from "../../support/ptys.ts";
import { tempFolder } from "../../support/temp.ts";
import { waitFor } from "../../support/wait-for.ts";
import { describeIndicator, type IndicatorRig } from "./indicator.contract.ts";

const { firmata: pins } = loadPinout(join(import.meta.dirname, "../../../hardware/pinout.json"));
const deps = { timers: systemTimers, logger: silentLogger };
const until = (holds: () => boolean): Promise<unknown> => waitFor(holds, { everyMs: 2 });

function makeBoard(options: { silent?: boolean } = {}): PtyFirmataBoard {
  const board = new PtyFirmataBoard({ link: join(tempFolder(), "usb-board"), ...options });
  board.plug();
  onTestFinished(() => board.unplug());
  return board;
}

function makeIndicator(
  board: PtyFirmataBoard,
  { readyWithinMs = 10_000, servo = null }: Pick<FirmataIndicatorOptions, "readyWithinMs" | "servo"> = {},
): FirmataIndicator {
  const options = { path: board.link, pins, gatePulseMs: 60, askAfterMs: 20, readyWithinMs, servo };
  const indicator = new FirmataIndicator(options, deps);
  indicator.open();
  onTestFinished(() => indicator.close());
  return indicator;
}

const SERVO = { shutDegrees: 90, openDegrees: 10 };

/** @param servo moves the gate; null: the relay does */
async function rig(servo: typeof SERVO | null): Promise<IndicatorRig> {
  const board = makeBoard();
  board.drive(pins.inputs.button, null);
  const isOpen = (): boolean => Math.round(board.servoAngle(pins.gateServo) ?? 0) === SERVO.openDegrees;
  return {
    indicator: makeIndicator(board, { servo }),
    isOn: (output) => (servo && output === "relay" ? isOpen() : board.isOn(pins.outputs[output])),
    press: async () => {
      board.drive(pins.inputs.button, 0);
      await held();
      board.drive(pins.inputs.button, null);
      await held();
    },
  };
}

/** Longer than johnny-five's debouncing of 7 ms. */
function held(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 40));
}

describe.skipIf(noPtys !== "")(
  `over the real johnny-five, firmata-io and serialport on a pseudo terminal ${noPtys}`,
  () => {
    describeIndicator("firmata", () => rig(null));
    describeIndicator("firmata with a servo gate", () => rig(SERVO));

    it("keeps a servo gate shut from the moment the board is there, and never closes the relay", async () => {
      const board = makeBoard();
      const indicator = makeIndicator(board, { servo: SERVO });
      expect(board.servoAngle(pins.gateServo)).toBeNull();
      await until(() => indicator.status().present);
      await until(() => Math.round(board.servoAngle(pins.gateServo) ?? 0) === SERVO.shutDegrees);
      indicator.openGate();
      await until(() => Math.round(board.servoAngle(pins.gateServo) ?? 90) === SERVO.openDegrees);
      expect(board.isOn(pins.outputs.relay)).toBe(false);
      await until(() => Math.round(board.servoAngle(pins.gateServo) ?? 0) === SERVO.shutDegrees);
    });

    it("shows on the board what stands when it is plugged in again, and opens no gate late", async () => {
      const board = makeBoard();
      const indicator = makeIndicator(board);
      await until(() => indicator.status().present);
      board.unplug();
      await until(() => !indicator.status().present);
      indicator.show("fault");
      indicator.openGate();
      board.plug();
      await until(() => indicator.status().present);
      await until(() => board.isOn(pins.outputs.red));
      expect(board.isOn(pins.outputs.relay)).toBe(false);
    });

    it("serves two boards, each its own", async () => {
      const [first, second] = [makeBoard(), makeBoard()];
      const [left, right] = [makeIndicator(first), makeIndicator(second)];
      await until(() => left.status().present && right.status().present);
      left.show("in");
      right.show("denied");
      await until(() => first.isOn(pins.outputs.green) && second.isOn(pins.outputs.red));
      expect(first.isOn(pins.outputs.red)).toBe(false);
      expect(second.isOn(pins.outputs.green)).toBe(false);
    });

    it("says that a board with other firmware does not answer", async () => {
      const indicator = makeIndicator(makeBoard({ silent: true }), { readyWithinMs: 100 });
      await waitFor(() => {
        const status = indicator.status();
        return !status.present && /StandardFirmata/.test(status.reason);
      });
    });

    it("says that no board is there", async () => {
      const board = makeBoard();
      board.unplug();
      const options = { path: join(tempFolder(), "absent"), pins, gatePulseMs: 60 };
      const indicator = new FirmataIndicator(options, deps);
      indicator.open();
      onTestFinished(() => indicator.close());
      await waitFor(() => {
        const status = indicator.status();
        return !status.present && /no device/.test(status.reason);
      });
    });
  },
);
