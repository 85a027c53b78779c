/** MQTT 3.1.1 section 2.2.3: the remaining length takes one to four bytes. */
const MAX_LENGTH_BYTES = 4;

/**
 * Measures MQTT packets in a byte stream before anything parses them, so that a length of 256 MB costs nobody memory.
 *
 * Only the fixed header is read; bodies are stepped over. The first packet (CONNECT) has a bound of its own.
 */
export class PacketMeter {
  readonly #maxBytes: number;
  #limit: number;
  /** Bytes of the current packet's body still to come; -1 while in a header. */
  #body = 0;
  /** Bytes of the remaining length read so far; -1 before the first byte of a packet. */
  #lengthBytes = -1;
  #length = 0;

  constructor(limits: { readonly maxBytes: number; readonly maxFirstBytes: number }) {
    this.#maxBytes = limits.maxBytes;
    this.#limit = limits.maxFirstBytes;
  }

  /** Takes the next bytes of the stream. @returns false when a packet is longer than allowed, or its length is malformed */
  feed(chunk: Uint8Array): boolean {
    let at = 0;
    while (at < chunk.length) {
      if (this.#body > 0) {
        const step = Math.min(this.#body, chunk.length - at);
        this.#body -= step;
        at += step;
      } else {
        if (!this.#header(chunk[at] as number)) return false;
        at += 1;
      }
    }
    return true;
  }

  #header(byte: number): boolean {
    if (this.#lengthBytes < 0) {
      this.#lengthBytes = 0;
      this.#length = 0;
      return true;
    }
    this.#length += (byte & 127) * 128 ** this.#lengthBytes;
    this.#lengthBytes += 1;
    if (byte >= 128) return this.#lengthBytes < MAX_LENGTH_BYTES;
    if (this.#length > this.#limit) return false;
    this.#limit = this.#maxBytes;
    this.#body = this.#length;
    this.#lengthBytes = -1;
    return true;
  }
}
