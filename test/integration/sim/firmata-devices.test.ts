import { createRequire } from "node:module";
import { join } from "node:path";
import { SerialPort } from "serialport";
import { describe, expect, it, onTestFinished } from "vitest";
import { MLX90614_ADDRESS, MLX90614_REGISTER, Mlx90614, packetErrorCode } from "../../../sim/devices/mlx90614.ts";
import { PtyFirmataBoard } from "../../../sim/devices/pty-firmata-board.ts";
import type { Driver } from "../../support/air.ts";
import { noPtys } from "../../support/ptys.ts";
import { tempFolder } from "../../support/temp.ts";
import { waitFor } from "../../support/wait-for.ts";

const require = createRequire(import.meta.url);
const SERVO_PIN = 9;

it("checks packets as SMBus does: the check value of its CRC-8, and the example of the sensor's datasheet", () => {
  expect(packetErrorCode(Buffer.from("123456789"))).toBe(0xf4);
  // Source: MLX90614 datasheet rev. 13, section 8.4.3.2, figure 9: SA 0x5A, command 0x07, data 0x3AD2
  expect(packetErrorCode([0xb4, 0x07, 0xb5, 0xd2, 0x3a])).toBe(0x30);
});

/** What johnny-five does not bring: the sensor's words with their error code, half a degree above freezing nothing. */
function mlx90614(refused: { count: number }): object {
  return {
    requirements: { value: { options: {} } },
    initialize: {
      value(this: { io: Driver }, options: { freq?: number }, data: (raw: number) => void) {
        this.io.i2cConfig({ address: MLX90614_ADDRESS });
        const read = (): void =>
          this.io.i2cReadOnce(MLX90614_ADDRESS, MLX90614_REGISTER.object, 3, ([low, high, pec]: number[]) => {
            const sent = [
              MLX90614_ADDRESS << 1,
              MLX90614_REGISTER.object,
              (MLX90614_ADDRESS << 1) | 1,
              low ?? 0,
              high ?? 0,
            ];
            const isSound = pec === packetErrorCode(sent) && ((high ?? 0x80) & 0x80) === 0;
            if (isSound) data((low ?? 0) | ((high ?? 0) << 8));
            else refused.count += 1;
          });
        const timer = setInterval(read, options.freq ?? 10);
        onTestFinished(() => clearInterval(timer));
      },
    },
    toCelsius: { value: (raw: number) => raw * 0.02 - 273.15 },
  };
}

describe.skipIf(noPtys !== "")(`real johnny-five on the virtual board's servo and thermometer ${noPtys}`, () => {
  async function openBoard(): Promise<{ virtual: PtyFirmataBoard; five: Driver; board: Driver }> {
    const virtual = new PtyFirmataBoard({ link: join(tempFolder(), "board") });
    virtual.plug();
    const { default: five } = await import("johnny-five");
    const { Firmata } = require("firmata-io");
    const port = new SerialPort({ path: virtual.link, baudRate: 57_600 });
    const io = new Firmata(port, { reportVersionTimeout: 20 });
    await waitFor(() => io.isReady, { what: "the board" });
    const board: Driver = new five.Board({ io, repl: false, debug: false, sigint: false, timeout: 5_000 });
    await waitFor(() => board.isReady, { what: "johnny-five" });
    onTestFinished(async () => {
      five.Board.cache.splice(five.Board.cache.indexOf(board), 1);
      await new Promise<void>((resolve) => port.close(() => resolve()));
      virtual.unplug();
    });
    return { virtual, five, board };
  }
  const angle = (virtual: PtyFirmataBoard): number => Math.round(virtual.servoAngle(SERVO_PIN) ?? -1);

  it("moves a servo, and finds it limp before it is attached and after a reset", async () => {
    const { virtual, five, board } = await openBoard();
    expect(virtual.servoAngle(SERVO_PIN)).toBeNull();
    const servo = new five.Servo({ pin: SERVO_PIN, board, startAt: 90 });
    await waitFor(() => angle(virtual) === 90);
    for (const degrees of [0, 45, 180]) {
      servo.to(degrees);
      await waitFor(() => angle(virtual) === degrees, { what: `${degrees} degrees` });
    }
    board.io.reset();
    await waitFor(() => virtual.servoAngle(SERVO_PIN) === null, { what: "a limp servo" });
  });

  it("reads temperatures, refuses what was garbled, and goes on when the sensor is well again", async () => {
    const { virtual, five, board } = await openBoard();
    const sensor = new Mlx90614();
    virtual.solder(MLX90614_ADDRESS, sensor);
    const refused = { count: 0 };
    const thermometer: Driver = new (five as Driver).Thermometer({ board, controller: mlx90614(refused), freq: 10 });
    const reads = (celsius: number): Promise<unknown> =>
      waitFor(() => Math.abs(thermometer.celsius - celsius) <= 0.02, { what: `${celsius} degrees` });
    await reads(36.6);
    sensor.celsius = { object: 38.42, ambient: 25 };
    await reads(38.42);
    for (const fault of ["wrong-pec", "error-flag", "absent"] as const) {
      const before = refused.count;
      sensor.celsius = { object: 41, ambient: 25 };
      sensor.fault = fault;
      await waitFor(() => refused.count > before + 1, { what: fault });
      expect(Math.abs(thermometer.celsius - 41)).toBeGreaterThan(1);
    }
    sensor.fault = null;
    await reads(41);
  });
});
