/** What one pin of a board is doing. */
interface Pin {
  mode: number;
  /** What the firmware drives, 0 or 1, or a duty of 0 to 255. */
  out: number;
  /** What the world drives, or null while nothing is connected. */
  driven: 0 | 1 | null;
  pullUp: boolean;
}

export interface FirmataBoardOptions {
  /** Where the board's bytes go. */
  readonly send: (bytes: Uint8Array) => void;
  /** A board that is powered but says nothing, as with other firmware; default false. */
  readonly silent?: boolean;
}

// Source: Firmata protocol 2.6, protocol.md of github.com/firmata/protocol
const REPORT_VERSION = 0xf9;
const SYSTEM_RESET = 0xff;
const START_SYSEX = 0xf0;
const END_SYSEX = 0xf7;
const SET_PIN_MODE = 0xf4;
const SET_PIN_VALUE = 0xf5;
const DIGITAL_MESSAGE = 0x90;
const ANALOG_MESSAGE = 0xe0;
const REPORT_ANALOG = 0xc0;
const REPORT_DIGITAL = 0xd0;
const QUERY_FIRMWARE = 0x79;
const QUERY_CAPABILITIES = 0x6b;
const CAPABILITIES = 0x6c;
const QUERY_ANALOG_MAPPING = 0x69;
const ANALOG_MAPPING = 0x6a;

const MODE = { input: 0, output: 1, analog: 2, pwm: 3, inputPullUp: 11 } as const;
const PIN_COUNT = 20;
const FIRST_ANALOG_PIN = 14;
const PWM_PINS = [3, 5, 6, 9, 10, 11];
/** StandardFirmata's own limit, MAX_DATA_BYTES. */
const MAX_SYSEX_BYTES = 64;
const NO_ANALOG_CHANNEL = 127;
const SPLIT = 0x7f;

/** Data bytes that follow each command, by its high half for channel commands. */
const DATA_BYTES: Readonly<Record<number, number>> = {
  [SET_PIN_MODE]: 2,
  [SET_PIN_VALUE]: 2,
  [DIGITAL_MESSAGE]: 2,
  [ANALOG_MESSAGE]: 2,
  [REPORT_ANALOG]: 1,
  [REPORT_DIGITAL]: 1,
};

/** An Arduino Uno with StandardFirmata 2.5, byte for byte as far as lamps, a relay and buttons need it. */
export class FirmataBoard {
  readonly #options: FirmataBoardOptions;
  readonly #pins: Pin[];
  readonly #reported = new Set<number>();
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

  /** Connects a pin to ground or supply, or to nothing (null), as a button does. */
  drive(pin: number, level: 0 | 1 | null): void {
    const before = this.#level(pin);
    this.#pin(pin).driven = level;
    if (this.#level(pin) !== before && this.#reported.has(pin >> 3)) this.#sendPort(pin >> 3);
  }

  #pin(number: number): Pin {
    return this.#pins[number] ?? { mode: MODE.input, out: 0, driven: null, pullUp: false };
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
  }

  #reset(): void {
    this.#reported.clear();
    for (const [number, pin] of this.#pins.entries()) Object.assign(pin, freshPin(number), { driven: pin.driven });
  }

  #setMode(number: number, mode: number): void {
    const pin = this.#pin(number);
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
    const name = [..."StandardFirmata.ino"].flatMap((letter) => [
      letter.charCodeAt(0) & SPLIT,
      letter.charCodeAt(0) >> 7,
    ]);
    this.#sendSysex(QUERY_FIRMWARE, [2, 5, ...name]);
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
  return { mode: pin < FIRST_ANALOG_PIN ? MODE.output : MODE.analog, out: 0, driven: null, pullUp: false };
}

/** Modes of an Uno's pin with their resolution in bits, ended by 127; pins 0 and 1 are the serial line's. */
function capabilities(pin: number): number[] {
  if (pin < 2) return [SPLIT];
  const modes = [MODE.input, 1, MODE.inputPullUp, 1, MODE.output, 1];
  if (PWM_PINS.includes(pin)) modes.push(MODE.pwm, 8);
  if (pin >= FIRST_ANALOG_PIN) modes.push(MODE.analog, 10);
  return [...modes, SPLIT];
}

function analogChannel(pin: number): number {
  return pin >= FIRST_ANALOG_PIN ? pin - FIRST_ANALOG_PIN : NO_ANALOG_CHANNEL;
}
