import { FirmataBoard } from "./firmata-board.ts";
import type { I2cDevice } from "./firmata-i2c.ts";
import { Pty } from "./pty.ts";

/** A Firmata board on a pseudo terminal; it comes and goes under one path, like a USB board. */
export class PtyFirmataBoard {
  readonly link: string;
  readonly #silent: boolean;
  readonly #sensors = new Map<number, I2cDevice>();
  #plugged: { readonly pty: Pty; readonly board: FirmataBoard } | null = null;

  constructor(options: { readonly link: string; readonly silent?: boolean }) {
    this.link = options.link;
    this.#silent = options.silent ?? false;
  }

  /** Connects a board fresh from reset. It cannot see the line being opened, so it says its name when it is asked. */
  plug(): void {
    if (this.#plugged) return;
    const pty = Pty.open(this.link);
    const board = new FirmataBoard({ silent: this.#silent, send: (bytes) => void pty.write(bytes) });
    pty.onData((bytes) => board.feed(bytes));
    for (const [address, device] of this.#sensors) board.connect(address, device);
    this.#plugged = { pty, board };
  }

  unplug(): void {
    this.#plugged?.pty.close();
    this.#plugged = null;
  }

  /** Whether a pin gives current now; false while the board is out. */
  isOn(pin: number): boolean {
    return this.#plugged?.board.isOn(pin) ?? false;
  }

  /** See {@link FirmataBoard.drive}. */
  drive(pin: number, level: 0 | 1 | null): void {
    this.#plugged?.board.drive(pin, level);
  }

  /** See {@link FirmataBoard.servoAngle}; null while the board is out. */
  servoAngle(pin: number): number | null {
    return this.#plugged?.board.servoAngle(pin) ?? null;
  }

  /** Solders something to the I2C bus: it stays while the board comes and goes. @param address 7 bits */
  solder(address: number, device: I2cDevice): void {
    this.#sensors.set(address, device);
    this.#plugged?.board.connect(address, device);
  }
}
