import { FirmataI2c, type I2cDevice } from "./firmata-i2c.ts";
import {
  ANALOG_MAPPING,
  ANALOG_MESSAGE,
  analogChannel,
  CAPABILITIES,
  capabilities,
  DATA_BYTES,
  DIGITAL_MESSAGE,
  END_SYSEX,
  FIRST_ANALOG_PIN,
  fromPair,
  I2C_CONFIG,
  I2C_REQUEST,
  MODE,
  PIN_COUNT,
  QUERY_ANALOG_MAPPING,
  QUERY_CAPABILITIES,
  QUERY_FIRMWARE,
  REPORT_DIGITAL,
  REPORT_VERSION,
  SERVO_CONFIG,
  SET_PIN_MODE,
  SET_PIN_VALUE,
  SPLIT,
  START_SYSEX,
  SYSTEM_RESET,
  sevenBitPairs,
} from "./firmata-protocol.ts";

/** What one pin of a board is doing. */
interface Pin {
  mode: number;
  /** What the firmware drives, 0 or 1, or a duty of 0 to 255. */
  out: number;
  /** What the world drives, or null while nothing is connected. */
  driven: 0 | 1 | null;
  pullUp: boolean;
  /** Shortest and longest pulse of a servo, microseconds. */
  pulse: { readonly min: number; readonly max: number };
}

export interface FirmataBoardOptions {
  /** Where the board's bytes go. */
  readonly send: (bytes: Uint8Array) => void;
  /** A board that is powered but says nothing, as with other firmware; default false. */
  readonly silent?: boolean;
}

/** StandardFirmata's own limit, MAX_DATA_BYTES. */
const MAX_SYSEX_BYTES = 64;
/** Shortest and longest pulse of the Arduino's Servo library where a host names none, microseconds. */
const SERVO_PULSE = { min: 544, max: 2_400 } as const;
/** Where a servo goes when it is attached, microseconds: DEFAULT_PULSE_WIDTH of that library. */
const SERVO_START = 1_500;
const SERVO_DEGREES = 180;
/** Pulse lengths at which a common servo stands at 0 and 180 degrees, microseconds, whatever a host makes of them. */
const SERVO_TRAVEL = { min: 600, max: 2_400 } as const;

/** An Arduino Uno with StandardFirmata 2.5, byte for byte as far as lamps, a relay, buttons, servos and I2C sensors need it. */
export class FirmataBoard {
  readonly #options: FirmataBoardOptions;
  readonly #pins: Pin[];
  readonly #reported = new Set<number>();
  readonly #i2c = new FirmataI2c();
  #message: number[] = [];

  constructor(options: FirmataBoardOptions) {
    this.#options = options;
    this.#pins = Array.from({ length: PIN_COUNT }, (_, pin) => freshPin(pin));
  }

  /** Comes out of reset: says its version and its firmware. */
  boot(): void {
    this.#sendVersion();
    this.#sendFirmware();
  }

  /** Takes bytes from the host, in any pieces. */
  feed(bytes: Uint8Array): void {
    if (this.#options.silent) return;
    for (const byte of bytes) this.#take(byte);
  }

  /** Whether a pin gives current now. */
  isOn(pin: number): boolean {
    const { mode, out } = this.#pin(pin);
    return (mode === MODE.output || mode === MODE.pwm) && out > 0;
  }

  /** Where a servo on a pin stands, 0 to 180 degrees; null when none is attached and it hangs limp. */
  servoAngle(pin: number): number | null {
    const { mode, out, pulse } = this.#pin(pin);
    if (mode !== MODE.servo) return null;
    const asked = out < SERVO_PULSE.min ? pulse.min + (out / SERVO_DEGREES) * (pulse.max - pulse.min) : out; // short numbers are degrees
    const sent = Math.min(pulse.max, Math.max(pulse.min, asked));
    const share = (sent - SERVO_TRAVEL.min) / (SERVO_TRAVEL.max - SERVO_TRAVEL.min);
    return SERVO_DEGREES * Math.min(1, Math.max(0, share));
  }

  /** See {@link FirmataI2c.connect}. */
  connect(address: number, device: I2cDevice | null): void {
    this.#i2c.connect(address, device);
  }

  /** Connects a pin to ground or supply, or to nothing (null), as a button does. */
  drive(pin: number, level: 0 | 1 | null): void {
    const before = this.#level(pin);
    this.#pin(pin).driven = level;
    if (this.#level(pin) !== before && this.#reported.has(pin >> 3)) this.#sendPort(pin >> 3);
  }

  #pin(number: number): Pin {
    return this.#pins[number] ?? { ...freshPin(number), mode: MODE.input };
  }

  #level(number: number): 0 | 1 {
    const { driven, pullUp } = this.#pin(number);
    return driven ?? (pullUp ? 1 : 0);
  }

  #take(byte: number): void {
    const message = this.#message;
    if (message[0] === START_SYSEX) {
      if (byte === END_SYSEX) {
        this.#message = [];
        this.#sysex(message.slice(1));
      } else if (message.length < MAX_SYSEX_BYTES) message.push(byte);
      return;
    }
    if (byte >= 0x80) this.#message = [byte];
    else if (message.length > 0) message.push(byte);
    const command = this.#message[0];
    if (command === undefined || command === START_SYSEX) return;
    const kind = command < START_SYSEX ? command & 0xf0 : command;
    if (this.#message.length <= (DATA_BYTES[kind] ?? 0)) return;
    const [, first = 0, second = 0] = this.#message;
    this.#message = [];
    this.#command(kind, { channel: command & 0x0f, first, second });
  }

  #command(kind: number, body: { readonly channel: number; readonly first: number; readonly second: number }): void {
    const { channel, first, second } = body;
    if (kind === REPORT_VERSION) this.#sendVersion();
    else if (kind === SYSTEM_RESET) this.#reset();
    else if (kind === SET_PIN_MODE) this.#setMode(first, second);
    else if (kind === SET_PIN_VALUE) this.#pin(first).out = second;
    else if (kind === DIGITAL_MESSAGE) this.#writePort(channel, first | (second << 7));
    else if (kind === ANALOG_MESSAGE) this.#pin(channel).out = first | (second << 7);
    else if (kind === REPORT_DIGITAL) this.#report(channel, first === 1);
  }

  #sysex(body: readonly number[]): void {
    if (body[0] === QUERY_FIRMWARE) this.#sendFirmware();
    else if (body[0] === QUERY_CAPABILITIES)
      this.#sendSysex(
        CAPABILITIES,
        this.#pins.flatMap((_, pin) => capabilities(pin)),
      );
    else if (body[0] === QUERY_ANALOG_MAPPING)
      this.#sendSysex(
        ANALOG_MAPPING,
        this.#pins.map((_, pin) => analogChannel(pin)),
      );
    else if (body[0] === SERVO_CONFIG) this.#attachServo(body.slice(1));
    else if (body[0] === I2C_CONFIG) this.#i2c.configure();
    else if (body[0] === I2C_REQUEST)
      for (const [command, answer] of this.#i2c.request(body.slice(1))) this.#sendSysex(command, answer);
  }

  #attachServo([pin = 0, minLow, minHigh, maxLow, maxHigh]: readonly number[]): void {
    this.#setMode(pin, MODE.servo);
    this.#pin(pin).pulse = { min: fromPair(minLow, minHigh), max: fromPair(maxLow, maxHigh) };
  }

  #reset(): void {
    this.#reported.clear();
    this.#i2c.reset();
    for (const [number, pin] of this.#pins.entries()) Object.assign(pin, freshPin(number), { driven: pin.driven });
  }

  #setMode(number: number, mode: number): void {
    const pin = this.#pin(number);
    if (mode === MODE.servo && pin.mode !== MODE.servo) pin.out = SERVO_START;
    pin.mode = mode;
    pin.pullUp = mode === MODE.inputPullUp;
  }

  /** Outputs take their bit; an input whose bit is set pulls itself up, as StandardFirmata does. */
  #writePort(port: number, bits: number): void {
    for (let bit = 0; bit < 8; bit += 1) {
      const pin = this.#pin(port * 8 + bit);
      const value = (bits >> bit) & 1;
      if (pin.mode === MODE.output) pin.out = value;
      else if (pin.mode === MODE.input && value === 1) pin.pullUp = true;
    }
  }

  #report(port: number, isOn: boolean): void {
    if (isOn) {
      this.#reported.add(port);
      this.#sendPort(port);
    } else this.#reported.delete(port);
  }

  #sendPort(port: number): void {
    let bits = 0;
    for (let bit = 0; bit < 8; bit += 1) bits |= this.#level(port * 8 + bit) << bit;
    this.#send([DIGITAL_MESSAGE | port, bits & SPLIT, bits >> 7]);
  }

  #sendVersion(): void {
    this.#send([REPORT_VERSION, 2, 5]);
  }

  #sendFirmware(): void {
    const letters = [..."StandardFirmata.ino"].map((letter) => letter.charCodeAt(0));
    this.#sendSysex(QUERY_FIRMWARE, [2, 5, ...sevenBitPairs(letters)]);
  }

  #sendSysex(command: number, body: readonly number[]): void {
    this.#send([START_SYSEX, command, ...body, END_SYSEX]);
  }

  #send(bytes: readonly number[]): void {
    if (!this.#options.silent) this.#options.send(Uint8Array.from(bytes));
  }
}

/** A pin after reset: StandardFirmata makes digital pins outputs, low, and the others analog inputs. */
function freshPin(pin: number): Pin {
  return {
    mode: pin < FIRST_ANALOG_PIN ? MODE.output : MODE.analog,
    out: 0,
    driven: null,
    pullUp: false,
    pulse: SERVO_PULSE,
  };
}
