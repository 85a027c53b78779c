import { equalBytes, utf8 } from "../bytes.ts";
import { MalformedError, requireInteger } from "../errors.ts";
import { type ProtobufField, readProtobuf } from "../qr/protobuf.ts";
import { GAEN_KEY_BYTES, GAEN_KEY_INTERVALS, type TemporaryExposureKey } from "./gaen.ts";

const HEADER = utf8("EK Export v1    ");
const FIELD_KEYS = 7;
const KEY_DATA = 1;
const KEY_ROLLING_START = 3;
const KEY_ROLLING_PERIOD = 4;

/** Most keys that one file may hold; a country's busiest hour had fewer. */
export const GAEN_EXPORT_MAX_KEYS = 1_000_000;

/**
 * Reads the keys of a diagnosis key file (`export.bin`): a header of 16 bytes, then a TemporaryExposureKeyExport. The signature is in
 * another file and is not checked here; keys revised later in the same file are left out.
 *
 * Source: Exposure Notification, Exposure Key export file format. Vector: vectors/gaen/sample_diagnosis_key_file.zip.
 *
 * @throws {MalformedError} PROTO_MALFORMED or {OutOfRangeError} PROTO_OUT_OF_RANGE when it is not such a file
 */
export function parseGaenExport(bytes: Uint8Array): readonly TemporaryExposureKey[] {
  if (!equalBytes(bytes.subarray(0, HEADER.length), HEADER)) throw new MalformedError("not a diagnosis key file");
  const keys = readProtobuf(bytes.subarray(HEADER.length)).filter(({ number }) => number === FIELD_KEYS);
  if (keys.length > GAEN_EXPORT_MAX_KEYS) throw new MalformedError("too many keys in a file", { keys: keys.length });
  return keys.map(({ value }) => keyOf(value));
}

function keyOf(message: ProtobufField["value"]): TemporaryExposureKey {
  if (!(message instanceof Uint8Array)) throw new MalformedError("not an exposure key");
  const fields = new Map(readProtobuf(message).map(({ number, value }) => [number, value]));
  const key = fields.get(KEY_DATA);
  if (!(key instanceof Uint8Array) || key.length !== GAEN_KEY_BYTES) throw new MalformedError("not an exposure key");
  return {
    key: key.slice(),
    rollingStart: requireInteger("rolling start", fields.get(KEY_ROLLING_START), { min: 0, max: 0xffffffff }),
    rollingPeriod: requireInteger("rolling period", fields.get(KEY_ROLLING_PERIOD) ?? GAEN_KEY_INTERVALS, {
      min: 1,
      max: GAEN_KEY_INTERVALS,
    }),
  };
}
