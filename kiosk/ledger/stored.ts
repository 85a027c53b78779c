import { MalformedError, OutOfRangeError, type SafeDetails } from "../../protocol/errors.ts";
import { StoreCorruptError } from "../../runtime/sqlite/database.ts";

/**
 * Reads a value that this ledger once wrote. SQLite keeps no checksums: what does not decode was damaged on the card.
 *
 * @throws {StoreCorruptError} RT_STORE_CORRUPT when `decode` throws PROTO_MALFORMED or PROTO_OUT_OF_RANGE
 */
export function stored<Value>(decode: () => Value, where: SafeDetails): Value {
  try {
    return decode();
  } catch (cause) {
    if (!(cause instanceof MalformedError || cause instanceof OutOfRangeError)) throw cause;
    throw new StoreCorruptError("a value in the ledger is damaged", where, { cause });
  }
}

/**
 * A column's bytes as an array of their own; a damaged row may hold any other type there.
 *
 * @throws {MalformedError} PROTO_MALFORMED when they are not bytes, or not so many
 */
export function bytesOf(value: unknown, length?: number): Uint8Array {
  if (!(value instanceof Uint8Array) || (length !== undefined && value.length !== length))
    throw new MalformedError("not the bytes that were stored");
  return new Uint8Array(value);
}
