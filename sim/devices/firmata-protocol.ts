// Source: Firmata protocol 2.6, protocol.md, i2c.md and servos.md of github.com/firmata/protocol

export const REPORT_VERSION = 0xf9;
export const SYSTEM_RESET = 0xff;
export const START_SYSEX = 0xf0;
export const END_SYSEX = 0xf7;
export const SET_PIN_MODE = 0xf4;
export const SET_PIN_VALUE = 0xf5;
export const DIGITAL_MESSAGE = 0x90;
export const ANALOG_MESSAGE = 0xe0;
export const REPORT_ANALOG = 0xc0;
export const REPORT_DIGITAL = 0xd0;
export const QUERY_FIRMWARE = 0x79;
export const QUERY_CAPABILITIES = 0x6b;
export const CAPABILITIES = 0x6c;
export const QUERY_ANALOG_MAPPING = 0x69;
export const ANALOG_MAPPING = 0x6a;
export const SERVO_CONFIG = 0x70;
export const STRING_MESSAGE = 0x71;
export const I2C_REQUEST = 0x76;
export const I2C_REPLY = 0x77;
export const I2C_CONFIG = 0x78;

export const MODE = { input: 0, output: 1, analog: 2, pwm: 3, servo: 4, i2c: 6, inputPullUp: 11 } as const;
/** Of an Arduino Uno. */
export const PIN_COUNT = 20;
export const FIRST_ANALOG_PIN = 14;
const PWM_PINS = [3, 5, 6, 9, 10, 11];
const FIRST_I2C_PIN = 18;
const NO_ANALOG_CHANNEL = 127;
/** Seven bits: what one data byte holds. */
export const SPLIT = 0x7f;

/** Data bytes that follow each command, by its high half for channel commands. */
export const DATA_BYTES: Readonly<Record<number, number>> = {
  [SET_PIN_MODE]: 2,
  [SET_PIN_VALUE]: 2,
  [DIGITAL_MESSAGE]: 2,
  [ANALOG_MESSAGE]: 2,
  [REPORT_ANALOG]: 1,
  [REPORT_DIGITAL]: 1,
};

/** Modes of an Uno's pin with their resolution in bits, ended by 127; pins 0 and 1 are the serial line's. */
export function capabilities(pin: number): readonly number[] {
  if (pin < 2) return [SPLIT];
  const modes: number[] = [MODE.input, 1, MODE.inputPullUp, 1, MODE.output, 1];
  if (PWM_PINS.includes(pin)) modes.push(MODE.pwm, 8);
  if (pin >= FIRST_ANALOG_PIN) modes.push(MODE.analog, 10);
  modes.push(MODE.servo, 14);
  if (pin >= FIRST_I2C_PIN) modes.push(MODE.i2c, 1);
  return [...modes, SPLIT];
}

/** Number of the analog channel of a pin, or 127. */
export function analogChannel(pin: number): number {
  return pin >= FIRST_ANALOG_PIN ? pin - FIRST_ANALOG_PIN : NO_ANALOG_CHANNEL;
}

/** Each byte as two data bytes, low seven bits first. */
export function sevenBitPairs(bytes: Iterable<number>): readonly number[] {
  return [...bytes].flatMap((byte) => [byte & SPLIT, byte >> 7]);
}

/** A number from two data bytes. */
export function fromPair(low = 0, high = 0): number {
  return low | (high << 7);
}
