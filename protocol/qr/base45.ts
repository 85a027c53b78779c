import base45 from "base45";
import { MalformedError } from "../errors.ts";

const TEXT = /^[0-9A-Z $%*+\-./:]*$/;

/** Writes base45 (RFC 9285). */
export function toBase45(bytes: Uint8Array): string {
  return base45.encode(bytes);
}

/**
 * Reads base45 (RFC 9285). The library takes any text, so the result is written back and compared: other letters, a stray character
 * and values above 65,535 are refused.
 *
 * @throws {MalformedError} PROTO_MALFORMED when the text is not base45
 */
export function fromBase45(text: string): Uint8Array {
  if (!TEXT.test(text) || text.length % 3 === 1) throw new MalformedError("not base45", { length: text.length });
  const bytes = new Uint8Array(base45.decode(text));
  if (base45.encode(bytes) !== text) throw new MalformedError("not base45", { length: text.length });
  return bytes;
}
