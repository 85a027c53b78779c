import { concatBytes, fromHex, toHex, utf8 } from "../bytes.ts";
import { decodeCbor, encodeCbor } from "../cbor.ts";
import type { CryptoPort } from "../crypto-port.ts";
import { MalformedError, requireInteger } from "../errors.ts";
import {
  type DeviceId,
  type Epoch,
  parseDeviceId,
  parseEpoch,
  parseSiteId,
  parseStream,
  type SiteId,
  type Stream,
} from "../ids.ts";
import { MAX_SEQ } from "./record.ts";
import type { SessionHeader } from "./sealing.ts";

export const BATCH_VERSION = 1;
/** Most rows of one batch. */
export const BATCH_MAX_ROWS = 200;
/** Bytes of rows after which a batch is closed; one more row may pass it. */
export const BATCH_MAX_BYTES = 32_768;
/** Longest time that a row waits for its batch to close, milliseconds. */
export const BATCH_MAX_WAIT_MS = 2_000;

/** One device's log: who wrote it, in which life, and which of its two streams. */
export interface StreamKey {
  readonly device: DeviceId;
  readonly epoch: Epoch;
  readonly stream: Stream;
}

/** A contiguous run of one stream's rows. Its bounds and hash are fixed before it is first sent and never change. */
export interface Batch extends StreamKey {
  readonly site: SiteId;
  /** First and last seq, inclusive; `to - from + 1` equals `rows.length`. */
  readonly from: number;
  readonly to: number;
  /** Hash of the batch before, or {@link genesisHash} for the first of an epoch and stream; 32 bytes. */
  readonly previousHash: Uint8Array;
  /** Every sealing session that the rows use, each once. */
  readonly sessions: readonly SessionHeader[];
  /** Encoded records (protocol/checkin/record.ts) in order of seq. */
  readonly rows: readonly Uint8Array[];
}

/** Hash that stands before the first batch of a stream: SHA-256 over a label, device, epoch and stream. */
export function genesisHash(crypto: CryptoPort, key: StreamKey): Uint8Array {
  return crypto.sha256(concatBytes(utf8(`bluepost v1 batch ${key.device} ${key.stream} `), fromHex(key.epoch)));
}

/** Hash of a batch: SHA-256 of its payload, signature and certificates left out. */
export function batchHash(crypto: CryptoPort, payload: Uint8Array): Uint8Array {
  return crypto.sha256(payload);
}

/** Encodes the payload that is hashed and signed. Byte table: protocol/FORMATS.md, "Batch". */
export function encodeBatch(batch: Batch): Uint8Array {
  return encodeCbor([
    BATCH_VERSION,
    batch.site,
    batch.device,
    fromHex(batch.epoch),
    batch.stream,
    batch.from,
    batch.to,
    batch.previousHash,
    batch.sessions.map((s) => [s.id, s.matchKeyId, s.matchEnc, s.vaultKeyId, s.vaultEnc]),
    batch.rows,
  ]);
}

/**
 * Decodes a batch's payload. The rows themselves stay encoded: one bad row must not cost the others.
 *
 * @throws {MalformedError} PROTO_MALFORMED or {OutOfRangeError} PROTO_OUT_OF_RANGE when a field is not of its form
 */
export function decodeBatch(payload: Uint8Array): Batch {
  const fields = decodeCbor(payload);
  if (!Array.isArray(fields) || fields.length !== 10 || fields[0] !== BATCH_VERSION)
    throw new MalformedError("not a batch");
  const from = requireInteger("from", fields[5], { min: 1, max: MAX_SEQ });
  const to = requireInteger("to", fields[6], { min: from, max: Math.min(MAX_SEQ, from + BATCH_MAX_ROWS - 1) });
  const rows: unknown = fields[9];
  if (!Array.isArray(rows) || rows.length !== to - from + 1 || !rows.every((row) => row instanceof Uint8Array)) {
    throw new MalformedError("batch rows do not match its bounds");
  }
  return {
    site: parseSiteId(fields[1]),
    device: parseDeviceId(fields[2]),
    epoch: parseEpoch(toHex(bytesOf(fields[3], 8))),
    stream: parseStream(fields[4]),
    from,
    to,
    previousHash: bytesOf(fields[7], 32),
    sessions: sessionsOf(fields[8]),
    rows,
  };
}

function sessionsOf(value: unknown): readonly SessionHeader[] {
  if (!Array.isArray(value) || value.length > BATCH_MAX_ROWS) throw new MalformedError("not batch sessions");
  return value.map((item: unknown) => {
    if (!Array.isArray(item) || item.length !== 5) throw new MalformedError("not a sealing session");
    return {
      id: bytesOf(item[0], 8),
      matchKeyId: bytesOf(item[1], 8),
      matchEnc: bytesOf(item[2], 32),
      vaultKeyId: bytesOf(item[3], 8),
      vaultEnc: bytesOf(item[4], 32),
    };
  });
}

function bytesOf(value: unknown, length: number): Uint8Array {
  if (!(value instanceof Uint8Array) || value.length !== length) throw new MalformedError(`not ${length} bytes`);
  return value;
}
