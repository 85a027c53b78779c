import { Encoder } from "cbor-x";
import { decode as decodeDocument } from "cbor2";
import { MalformedError } from "./errors.ts";

/** Deepest nesting of any format that a door reads (a vaccine passport has 6). */
const MAX_DEPTH = 16;

/** Longest CBOR message that any part accepts, bytes. */
export const MAX_CBOR_BYTES = 1 << 20;

const records = new Encoder({ mapsAsObjects: false, useRecords: false, tagUint8Array: false, variableMapSize: true });

/**
 * Encodes arrays, strings, integers, byte strings, booleans, null and Maps in the shortest form.
 *
 * Integers past 32 bits become CBOR integers too (the library alone would write a float).
 */
export function encodeCbor(value: unknown): Uint8Array {
  return Uint8Array.from(records.encode(widen(value)));
}

function widen(value: unknown): unknown {
  if (typeof value === "number" && Number.isSafeInteger(value) && (value > 0xffffffff || value < -0x80000000))
    return BigInt(value);
  if (Array.isArray(value)) return value.map(widen);
  return value;
}

/**
 * Decodes one of our own messages fast. Maps come back as Maps, byte strings as Uint8Array, 64-bit integers as numbers.
 *
 * @throws {MalformedError} PROTO_MALFORMED when the bytes are not exactly one CBOR item of at most 1 MiB,
 *   nest deeper than 16, or hold an integer past 2^53
 */
export function decodeCbor(bytes: Uint8Array, maxBytes: number = MAX_CBOR_BYTES): unknown {
  if (bytes.length > maxBytes) throw new MalformedError("CBOR message too long", { bytes: bytes.length });
  let value: unknown;
  try {
    value = records.decode(bytes);
  } catch (cause) {
    throw new MalformedError("not CBOR", { bytes: bytes.length }, { cause });
  }
  return narrow(value, 0);
}

function narrow(value: unknown, depth: number): unknown {
  if (depth > MAX_DEPTH) throw new MalformedError("CBOR nested too deeply", { depth });
  if (typeof value === "bigint") {
    if (value > BigInt(Number.MAX_SAFE_INTEGER) || value < BigInt(Number.MIN_SAFE_INTEGER)) {
      throw new MalformedError("CBOR integer too large");
    }
    return Number(value);
  }
  if (value instanceof Uint8Array) return value.constructor === Uint8Array ? value : new Uint8Array(value);
  if (Array.isArray(value)) return value.map((item) => narrow(item, depth + 1));
  if (value instanceof Map) {
    return new Map([...value].map(([key, item]) => [narrow(key, depth + 1), narrow(item, depth + 1)]));
  }
  return value;
}

/**
 * Decodes bytes that a visitor may have made: slow, with a bound on depth and no duplicate keys. Maps come back as Maps,
 * tagged items as cbor2's `Tag`.
 *
 * @throws {MalformedError} PROTO_MALFORMED when the bytes are not exactly one well-formed CBOR item
 */
export function decodeHostileCbor(bytes: Uint8Array): unknown {
  try {
    return decodeDocument(bytes, {
      maxDepth: MAX_DEPTH,
      rejectDuplicateKeys: true,
      preferMap: true,
      ignoreGlobalTags: true,
    });
  } catch (cause) {
    throw new MalformedError("not CBOR", { bytes: bytes.length }, { cause });
  }
}
