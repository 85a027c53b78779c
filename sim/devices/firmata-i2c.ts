import { fromPair, I2C_REPLY, STRING_MESSAGE, sevenBitPairs } from "./firmata-protocol.ts";

/** Something on a board's I2C bus. */
export interface I2cDevice {
  /** Reads bytes from a register on; null when it does not acknowledge. */
  read(register: number, count: number): Uint8Array | null;
}

/** One answer of the board: a sysex command and its body. */
export type I2cAnswer = readonly [command: number, body: readonly number[]];

const READ_ONCE = 1;
const MODE_SHIFT = 3;
const MODE_MASK = 3;
/** Address, mode, register and count. */
const READ_BYTES = 6;

/** The I2C half of StandardFirmata, as far as reading a register once. */
export class FirmataI2c {
  readonly #devices = new Map<number, I2cDevice>();
  #isOn = false;

  /** @param address 7 bits; null takes the device away */
  connect(address: number, device: I2cDevice | null): void {
    if (device) this.#devices.set(address, device);
    else this.#devices.delete(address);
  }

  configure(): void {
    this.#isOn = true;
  }

  reset(): void {
    this.#isOn = false;
  }

  /** @param body of I2C_REQUEST @returns what the board says: where nothing answers, the reply has no data, after a complaint */
  request(body: readonly number[]): readonly I2cAnswer[] {
    const [address = 0, mode = 0] = body;
    if (!this.#isOn || ((mode >> MODE_SHIFT) & MODE_MASK) !== READ_ONCE || body.length < READ_BYTES) return [];
    const register = fromPair(body[2], body[3]);
    const count = fromPair(body[4], body[5]);
    const bytes = this.#devices.get(address)?.read(register, count) ?? new Uint8Array(0);
    const reply: I2cAnswer = [I2C_REPLY, sevenBitPairs([address, register, ...bytes])];
    return bytes.length < count
      ? [[STRING_MESSAGE, sevenBitPairs(letters("I2C: Too few bytes received"))], reply]
      : [reply];
  }
}

function letters(text: string): readonly number[] {
  return [...text].map((letter) => letter.charCodeAt(0));
}
