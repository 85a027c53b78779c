import { decodeCbor, encodeCbor } from "../cbor.ts";
import { MalformedError, requireInteger } from "../errors.ts";
import type { WallMs } from "../units.ts";

/** A gateway's answer to `time-request`, signed as COSE_Sign1 with the gateway's key. */
export interface SignedTime {
  /** The 16 bytes that the kiosk sent; an answer to anything else is not believed. */
  readonly nonce: Uint8Array;
  readonly timeMs: WallMs;
  /** How far off the gateway's own clock may be, milliseconds. */
  readonly uncertaintyMs: number;
}

export const TIME_NONCE_BYTES = 16;

/** Encodes the payload to be signed: CBOR array [1, nonce, time ms, uncertainty ms]. */
export function encodeSignedTime(time: SignedTime): Uint8Array {
  return encodeCbor([1, time.nonce, time.timeMs, time.uncertaintyMs]);
}

/** @throws {MalformedError} PROTO_MALFORMED or {OutOfRangeError} PROTO_OUT_OF_RANGE when a field is not of its form */
export function decodeSignedTime(payload: Uint8Array): SignedTime {
  const fields = decodeCbor(payload);
  const nonce: unknown = Array.isArray(fields) ? fields[1] : undefined;
  if (!Array.isArray(fields) || fields.length !== 4 || fields[0] !== 1) throw new MalformedError("not a signed time");
  if (!(nonce instanceof Uint8Array) || nonce.length !== TIME_NONCE_BYTES) throw new MalformedError("not a time nonce");
  return {
    nonce,
    timeMs: requireInteger("time", fields[2], { min: 0, max: Number.MAX_SAFE_INTEGER }) as WallMs,
    uncertaintyMs: requireInteger("uncertainty", fields[3], { min: 0, max: 0xffffffff }),
  };
}
