const MAX_KEPT_BYTES = 8 << 20;
/** Bytes up to which a loop is quicker than a call out of JavaScript. */
const SHORT_BYTES = 64;
const ZERO = 0x30;

/** Bytes put one after another into a buffer that grows and is used again. */
export class GrowingBlob {
  #buffer = Buffer.allocUnsafe(1 << 16);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** What was appended; valid until the next change. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  /** @param start first byte to take */
  append(bytes: Uint8Array, start = 0): void {
    const length = bytes.length - start;
    const at = this.#grow(length);
    if (length > SHORT_BYTES) this.#buffer.set(new Uint8Array(bytes.buffer, bytes.byteOffset + start, length), at);
    else for (let i = 0; i < length; i += 1) this.#buffer[at + i] = bytes[start + i] as number;
  }

  /** Appends a whole number from 0 as decimal digits, with zeros before it. @throws {RangeError} when it has more digits than `width` */
  appendNumber(value: number, width: number): void {
    const at = this.#grow(width);
    let rest = value;
    let digit = at + width - 1;
    for (; rest > 0 && digit >= at; digit -= 1) {
      const shorter = Math.floor(rest / 10);
      this.#buffer[digit] = ZERO + rest - 10 * shorter;
      rest = shorter;
    }
    for (; digit >= at; digit -= 1) this.#buffer[digit] = ZERO;
    if (rest !== 0) throw new RangeError(`a number has more than ${width} digits`);
  }

  /** Empties it; a buffer that one huge group made large is given back. */
  clear(): void {
    this.#length = 0;
    if (this.#buffer.length > MAX_KEPT_BYTES) this.#buffer = Buffer.allocUnsafe(1 << 16);
  }

  /** Makes room for more bytes. @returns where they go */
  #grow(bytes: number): number {
    const at = this.#length;
    const end = at + bytes;
    if (end > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(2 ** Math.ceil(Math.log2(end)));
      larger.set(this.#buffer.subarray(0, at));
      this.#buffer = larger;
    }
    this.#length = end;
    return at;
  }
}
