import { type Static, Type } from "@sinclair/typebox";
import { decodeCbor, encodeCbor } from "../cbor.ts";
import { MalformedError } from "../errors.ts";

/** Path of the ingest endpoint: POST, body {@link encodeBatchSet}, answer {@link BatchSetAnswer}. */
export const BATCHES_PATH = "/v1/batches";
/** Media type of a set of signed batches. */
export const BATCHES_TYPE = "application/vnd.bluepost.batches+cbor";
/**
 * Path of a site's revocation list: POST, body COSE_Sign1 by its gateway; answered 204 when the engine holds this list now, 409 with
 * {@link RevocationsBehind} when it holds one that this does not go on from, or another problem document.
 */
export const REVOCATIONS_PATH = "/v1/revocations";
/** Media type of a signed revocation list. */
export const REVOCATIONS_TYPE = "application/vnd.bluepost.revocations+cose";
/** Further members of the problem document of 409: `held` is the signed list that the engine goes on holding, base64url. */
export const RevocationsBehind = Type.Object({
  code: Type.Literal("revocations_behind"),
  held: Type.String({ minLength: 1 }),
});
/** Path of the door keys: POST, body a kiosk's signed question; answered with the engine's signed, sealed key, or a problem document. */
export const SITE_KEYS_PATH = "/v1/site-keys";
/** Media type of both. */
export const SITE_KEYS_TYPE = "application/vnd.bluepost.site-key+cose";
/** Most batches in one request. */
export const BATCH_SET_MAX = 64;
/** Largest request body, bytes. */
export const BATCH_SET_MAX_BYTES = 4 << 20;

/** Packs signed batches (COSE_Sign1 bytes) into one request body. */
export function encodeBatchSet(batches: readonly Uint8Array[]): Uint8Array {
  return encodeCbor(batches);
}

/** CBOR of a set may be longer than one message: each batch within it is bounded on its own. */
export function decodeBatchSet(body: Uint8Array): readonly Uint8Array[] {
  const items = decodeCbor(body, BATCH_SET_MAX_BYTES);
  if (!Array.isArray(items) || items.length > BATCH_SET_MAX || !items.every((item) => item instanceof Uint8Array)) {
    throw new MalformedError("not a set of batches");
  }
  return items;
}

/**
 * What became of one batch. `stored` and `duplicate` carry a store receipt, `fork` a fork receipt; `refused` is final (the batch
 * stands in the dead-letter table with its reason) and carries none.
 */
export const BatchAnswer = Type.Object({
  verdict: Type.Union([
    Type.Literal("stored"),
    Type.Literal("duplicate"),
    Type.Literal("fork"),
    Type.Literal("refused"),
  ]),
  reason: Type.Optional(Type.String({ maxLength: 64 })),
  /** Signed receipt, base64url. */
  receipt: Type.Optional(Type.String()),
});
export type BatchAnswer = Static<typeof BatchAnswer>;

/** One answer a batch, in the order of the request. */
export const BatchSetAnswer = Type.Object({ results: Type.Array(BatchAnswer, { maxItems: BATCH_SET_MAX }) });
export type BatchSetAnswer = Static<typeof BatchSetAnswer>;
