import { fromHex, toHex } from "../bytes.ts";
import { decodeCbor, encodeCbor } from "../cbor.ts";
import { MalformedError, requireInteger } from "../errors.ts";
import { parseDeviceId, parseEpoch, parseStream } from "../ids.ts";
import type { WallMs } from "../units.ts";
import type { StreamKey } from "./batch.ts";
import { MAX_SEQ } from "./record.ts";

export const RECEIPT_VERSION = 1;

/**
 * Who says what. `store`: the engine has the rows on disk; only this lets a kiosk delete them. `custody`: the gateway has the
 * batch on disk. `fork`: the chain does not continue what is known, nothing was taken, the device must go on in a new epoch.
 * The position is the number on the wire.
 */
export const RECEIPT_KINDS = ["", "store", "custody", "fork"] as const;
export type ReceiptKind = Exclude<(typeof RECEIPT_KINDS)[number], "">;

/** Why the engine put a row aside; the row is kept in its dead-letter table. The position is the number on the wire. */
export const REJECTION_REASONS = ["", "malformed", "bad_seal", "seq_mismatch", "expired", "unknown_venue"] as const;
export type RejectionReason = Exclude<(typeof REJECTION_REASONS)[number], "">;

/** Rows from the first to the second seq, inclusive. */
export type SeqRange = readonly [from: number, to: number];

/** The answer to one device's stream, signed as COSE_Sign1 by the engine's receipt key or the gateway's key. */
export interface Receipt extends StreamKey {
  readonly kind: ReceiptKind;
  /** Every row up to and including this one is stored, tombstoned or rejected; 0 when none is. For `fork`: the last agreed seq. */
  readonly upto: number;
  /** Hash of the batch that ends at `upto` (the genesis hash at 0); 32 bytes. */
  readonly chainHash: Uint8Array;
  /** Rows beyond `upto` that are not there although later ones are. */
  readonly missing: readonly SeqRange[];
  readonly tombstoned: readonly SeqRange[];
  readonly rejected: readonly (readonly [seq: number, reason: RejectionReason])[];
  readonly storeTimeMs: WallMs;
  /** Rows of this stream stored so far. */
  readonly n: number;
}

/** Most ranges or rejections that one receipt lists; more come with the next receipt. */
export const RECEIPT_MAX_ITEMS = 256;

/** Encodes the payload to be signed. Byte table: protocol/FORMATS.md, "Receipt". */
export function encodeReceipt(receipt: Receipt): Uint8Array {
  return encodeCbor([
    RECEIPT_VERSION,
    RECEIPT_KINDS.indexOf(receipt.kind),
    receipt.device,
    fromHex(receipt.epoch),
    receipt.stream,
    receipt.upto,
    receipt.chainHash,
    receipt.missing.slice(0, RECEIPT_MAX_ITEMS),
    receipt.tombstoned.slice(0, RECEIPT_MAX_ITEMS),
    receipt.rejected.slice(0, RECEIPT_MAX_ITEMS).map(([seq, reason]) => [seq, REJECTION_REASONS.indexOf(reason)]),
    receipt.storeTimeMs,
    receipt.n,
  ]);
}

/** @throws {MalformedError} PROTO_MALFORMED or {OutOfRangeError} PROTO_OUT_OF_RANGE when a field is not of its form */
export function decodeReceipt(payload: Uint8Array): Receipt {
  const fields = decodeCbor(payload);
  if (!Array.isArray(fields) || fields.length !== 12 || fields[0] !== RECEIPT_VERSION)
    throw new MalformedError("not a receipt");
  const kind = RECEIPT_KINDS[fields[1] as number];
  const hash: unknown = fields[6];
  if (!kind || !(hash instanceof Uint8Array) || hash.length !== 32) throw new MalformedError("not a receipt");
  if (!(fields[3] instanceof Uint8Array)) throw new MalformedError("not a receipt");
  return {
    kind,
    device: parseDeviceId(fields[2]),
    epoch: parseEpoch(toHex(fields[3])),
    stream: parseStream(fields[4]),
    upto: requireInteger("upto", fields[5], { min: 0, max: MAX_SEQ }),
    chainHash: hash,
    missing: list(fields[7]).map(range),
    tombstoned: list(fields[8]).map(range),
    rejected: list(fields[9]).map(rejection),
    storeTimeMs: requireInteger("store time", fields[10], { min: 0, max: Number.MAX_SAFE_INTEGER }) as WallMs,
    n: requireInteger("n", fields[11], { min: 0, max: MAX_SEQ }),
  };
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value) || value.length > RECEIPT_MAX_ITEMS) throw new MalformedError("not a receipt list");
  return value;
}

function range(value: unknown): SeqRange {
  if (!Array.isArray(value) || value.length !== 2) throw new MalformedError("not a seq range");
  const from = requireInteger("range from", value[0], { min: 1, max: MAX_SEQ });
  return [from, requireInteger("range to", value[1], { min: from, max: MAX_SEQ })];
}

function rejection(value: unknown): readonly [number, RejectionReason] {
  if (!Array.isArray(value) || value.length !== 2) throw new MalformedError("not a rejection");
  const reason = REJECTION_REASONS[value[1] as number];
  if (!reason) throw new MalformedError("not a rejection reason");
  return [requireInteger("rejected seq", value[0], { min: 1, max: MAX_SEQ }), reason];
}
