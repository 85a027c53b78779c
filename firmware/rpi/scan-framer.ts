import { MAX_SYMBOL_BYTES } from "../ports/qr-scanner.ts";

const STX = 0x02;
const ETX = 0x03;
const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const DEL = 0x7f;

/** A symbol cut out of a scanner's byte stream, or the place where one was that no QR code can be. */
export type Frame =
  | { readonly kind: "symbol"; readonly bytes: Uint8Array }
  | { readonly kind: "oversize"; readonly byteCount: number };

export interface ScanFramerOptions {
  /** Bytes that this scanner is set to send before each symbol; taken off when they are there. */
  readonly prefix?: Uint8Array;
  /** Bytes that this scanner is set to send after each symbol; taken off when they are there. */
  readonly suffix?: Uint8Array;
}

/**
 * Cuts a scanner's byte stream into symbols, however it is cut into chunks.
 *
 * A symbol ends at once with CR, LF, TAB or ETX. After an STX only ETX or the next STX ends it, so that line breaks inside a code
 * stay in one piece. Without any of these it ends when the line falls silent: the caller then calls `gap()`. Bytes before an STX
 * are noise. Control characters at both ends and an AIM symbology identifier (`]Q3`) come off; an empty rest is no symbol.
 * Memory is bounded by the largest QR code: a longer frame is counted, not kept.
 *
 * Source: AIM identifiers: ISO/IEC 15424; suffixes of scanners: hardware/docs/scanner.md.
 */
export class ScanFramer {
  readonly #buffer: Uint8Array;
  readonly #prefix: Uint8Array;
  readonly #suffix: Uint8Array;
  #length = 0;
  #framed = false;

  constructor(options: ScanFramerOptions = {}) {
    this.#prefix = options.prefix ?? new Uint8Array(0);
    this.#suffix = options.suffix ?? new Uint8Array(0);
    this.#buffer = new Uint8Array(MAX_SYMBOL_BYTES + this.#prefix.length + this.#suffix.length + FRAME_EXTRA_BYTES);
  }

  /** Whether bytes are held that only a terminator or a gap will turn into a symbol. */
  get pending(): boolean {
    return this.#length > 0 || this.#framed;
  }

  /** Takes bytes as they come and returns the symbols that they complete, oldest first. */
  push(chunk: Uint8Array): Frame[] {
    const frames: Frame[] = [];
    for (const byte of chunk) {
      const ended = this.#take(byte);
      if (ended) frames.push(ended);
    }
    return frames;
  }

  /** The line has been silent for as long as an end takes: what is held is a whole symbol. */
  gap(): Frame | null {
    this.#framed = false;
    return this.#cut();
  }

  #take(byte: number): Frame | null {
    if (byte === STX) {
      const before = this.#framed ? this.#cut() : null;
      this.#framed = true;
      this.#length = 0;
      return before;
    }
    if (byte === ETX) {
      this.#framed = false;
      return this.#cut();
    }
    if (!this.#framed && (byte === CR || byte === LF || byte === TAB)) return this.#cut();
    if (this.#length < this.#buffer.length) this.#buffer[this.#length] = byte;
    this.#length += 1;
    return null;
  }

  #cut(): Frame | null {
    const byteCount = this.#length;
    this.#length = 0;
    if (byteCount > this.#buffer.length) return { kind: "oversize", byteCount };
    const held = trimNoise(this.#buffer.subarray(0, byteCount));
    const symbol = withoutAim(withoutSuffix(withoutPrefix(held, this.#prefix), this.#suffix));
    if (symbol.length === 0) return null;
    return symbol.length > MAX_SYMBOL_BYTES
      ? { kind: "oversize", byteCount: symbol.length }
      : { kind: "symbol", bytes: symbol.slice() };
  }
}

/** Room for an AIM identifier and a few control characters around a code of the largest size. */
const FRAME_EXTRA_BYTES = 16;

function isControl(byte: number | undefined): boolean {
  return byte !== undefined && (byte < 0x20 || byte === DEL);
}

/** A line that wakes up or breaks gives NUL, 0xFE or 0xFF, none of which begins any text. */
function isNoise(byte: number | undefined): boolean {
  return isControl(byte) || byte === 0xff || byte === 0xfe;
}

function trimNoise(bytes: Uint8Array): Uint8Array {
  let from = 0;
  let to = bytes.length;
  while (from < to && isNoise(bytes[from])) from += 1;
  while (to > from && isControl(bytes[to - 1])) to -= 1;
  return bytes.subarray(from, to);
}

function startsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  return bytes.length >= start.length && start.every((byte, at) => bytes[at] === byte);
}

function withoutPrefix(bytes: Uint8Array, prefix: Uint8Array): Uint8Array {
  return startsWith(bytes, prefix) ? bytes.subarray(prefix.length) : bytes;
}

function withoutSuffix(bytes: Uint8Array, suffix: Uint8Array): Uint8Array {
  const at = bytes.length - suffix.length;
  return at >= 0 && startsWith(bytes.subarray(at), suffix) ? bytes.subarray(0, at) : bytes;
}

function withoutAim(bytes: Uint8Array): Uint8Array {
  const [bracket, letter, modifier] = bytes;
  if (bracket !== 0x5d || letter === undefined || modifier === undefined) return bytes; // 0x5d is "]"
  const isLetter = (letter >= 0x41 && letter <= 0x5a) || (letter >= 0x61 && letter <= 0x7a);
  const isModifier = (modifier >= 0x30 && modifier <= 0x39) || (modifier >= 0x41 && modifier <= 0x46);
  return isLetter && isModifier ? bytes.subarray(3) : bytes;
}

/** Delivery jitter of USB serial chips and of a loaded Pi, milliseconds; FTDI's latency timer alone is 16. */
const DELIVERY_JITTER_MS = 30;

/** A scanner may pause between blocks of its output; this many byte times of silence are still one symbol. */
const PAUSE_BYTES = 32;

/**
 * How long a line must be silent before a symbol without suffix counts as whole, milliseconds.
 *
 * 64 ms at 9,600 baud, 33 ms at 115,200: a slow line pauses longer, and a symbol cut in two is worse than a later answer.
 *
 * @param baudRate bits per second, greater than zero; ten bits make a byte (8N1)
 */
export function gapMsFor(baudRate: number): number {
  return Math.ceil(DELIVERY_JITTER_MS + (PAUSE_BYTES * 10_000) / baudRate);
}
