import { inflateSync } from "node:zlib";
import { MalformedError } from "../protocol/errors.ts";

/**
 * Inflates a zlib stream (RFC 1950) into at most `maxBytes`; memory stays within that bound, however much the stream promises.
 *
 * @throws {MalformedError} PROTO_MALFORMED when the stream is broken, cut, or longer than `maxBytes`
 */
export function inflate(bytes: Uint8Array, maxBytes: number): Uint8Array {
  try {
    const plain = inflateSync(bytes, { maxOutputLength: maxBytes });
    return new Uint8Array(plain.buffer, plain.byteOffset, plain.length);
  } catch (cause) {
    throw new MalformedError("not a zlib stream of a fitting size", { bytes: bytes.length, maxBytes }, { cause });
  }
}
