import { MalformedError } from "../errors.ts";

/** One field of a protobuf message: a number for wire type 0 and 5, bytes for wire type 2 and 1. */
export interface ProtobufField {
  readonly number: number;
  readonly value: number | Uint8Array;
}

/**
 * Splits a protobuf message into its fields, in order; nested messages stay bytes.
 *
 * Source: Protocol Buffers, "Encoding" (wire types 0, 1, 2 and 5; groups are refused).
 *
 * @throws {MalformedError} PROTO_MALFORMED when a field is cut, a varint passes 2^53, or a wire type is not read
 */
export function readProtobuf(bytes: Uint8Array): readonly ProtobufField[] {
  const cursor = { bytes, at: 0 };
  const fields: ProtobufField[] = [];
  while (cursor.at < bytes.length) {
    const key = readVarint(cursor);
    const number = Math.floor(key / 8);
    if (number === 0) throw new MalformedError("protobuf field 0");
    fields.push({ number, value: readValue(cursor, key % 8) });
  }
  return fields;
}

interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
}

function readValue(cursor: Cursor, wireType: number): number | Uint8Array {
  switch (wireType) {
    case 0:
      return readVarint(cursor);
    case 1:
      return take(cursor, 8);
    case 2:
      return take(cursor, readVarint(cursor));
    case 5:
      return new DataView(take(cursor, 4).slice().buffer).getUint32(0, true);
    default:
      throw new MalformedError("protobuf wire type not read", { wireType });
  }
}

function readVarint(cursor: Cursor): number {
  let value = 0;
  for (let shift = 0; shift < 56; shift += 7) {
    const byte = cursor.bytes[cursor.at];
    if (byte === undefined) throw new MalformedError("protobuf message cut");
    cursor.at += 1;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return requireSafe(value);
  }
  throw new MalformedError("protobuf number too large");
}

function requireSafe(value: number): number {
  if (!Number.isSafeInteger(value)) throw new MalformedError("protobuf number too large");
  return value;
}

function take(cursor: Cursor, length: number): Uint8Array {
  const end = cursor.at + length;
  if (end > cursor.bytes.length) throw new MalformedError("protobuf message cut");
  const part = cursor.bytes.subarray(cursor.at, end);
  cursor.at = end;
  return part;
}
