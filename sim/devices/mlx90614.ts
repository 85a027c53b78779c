import type { I2cDevice } from "./firmata-i2c.ts";

/** Factory address on the bus. Source: MLX90614 datasheet rev. 13, section 8.4. */
export const MLX90614_ADDRESS = 0x5a;
/** Registers of the linearised temperatures in the RAM. Source: the same, table 10. */
export const MLX90614_REGISTER = { ambient: 0x06, object: 0x07 } as const;

const KELVIN = 273.15;
const KELVIN_A_STEP = 0.02;
/** Set in a temperature that the sensor could not measure. */
const ERROR_FLAG = 0x8000;
const SMBUS_POLYNOMIAL = 0x07;

/** What can be wrong with the sensor. */
export type Mlx90614Fault = "absent" | "wrong-pec" | "error-flag";

/** An infrared thermometer: a word of two bytes, low one first, then its packet error code. */
export class Mlx90614 implements I2cDevice {
  /** What it is pointed at, and its own case, degrees Celsius. */
  celsius = { object: 36.6, ambient: 25 };
  fault: Mlx90614Fault | null = null;

  read(register: number, count: number): Uint8Array | null {
    if (this.fault === "absent") return null;
    const word = this.#word(register);
    const bytes = [word & 0xff, word >> 8];
    const pec = packetErrorCode([MLX90614_ADDRESS << 1, register, (MLX90614_ADDRESS << 1) | 1, ...bytes]);
    return Uint8Array.from([...bytes, this.fault === "wrong-pec" ? pec ^ 1 : pec]).slice(0, count);
  }

  #word(register: number): number {
    if (register !== MLX90614_REGISTER.object && register !== MLX90614_REGISTER.ambient) return 0;
    if (this.fault === "error-flag") return ERROR_FLAG;
    const celsius = register === MLX90614_REGISTER.object ? this.celsius.object : this.celsius.ambient;
    return Math.round((celsius + KELVIN) / KELVIN_A_STEP) & 0x7fff;
  }
}

/** CRC-8 over a whole transaction, addresses with their direction bit. Source: SMBus 3.2, section 6.4.1. */
export function packetErrorCode(bytes: Iterable<number>): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x80 ? ((crc << 1) ^ SMBUS_POLYNOMIAL) & 0xff : crc << 1;
  }
  return crc;
}
