import { genesisHash } from "../../protocol/checkin/batch.ts";
import {
  encodeReceipt,
  RECEIPT_MAX_ITEMS,
  REJECTION_REASONS,
  type Receipt,
  type RejectionReason,
  type SeqRange,
} from "../../protocol/checkin/receipt.ts";
import { keyIdOf } from "../../protocol/checkin/sealing.ts";
import { type CoseKey, importSigningKey, signCose1 } from "../../protocol/cose.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import type { WallMs } from "../../protocol/units.ts";
import type { Sql } from "../../runtime/sqlite/database.ts";
import type { StreamState } from "../store/streams.ts";
import type { AppliedBatch } from "./apply-batches.ts";
import { gapsAbove, subtractRanges, uniteRanges } from "./seq-ranges.ts";

/** Rejected rows of a stream, newest seqs, in order. */
export type Rejections = readonly (readonly [seq: number, reason: RejectionReason])[];

/** Reads the last rejections of each stream; a receipt lists no more. @returns by stream id */
export async function loadRejections(sql: Sql, streamIds: readonly number[]): Promise<Map<number, Rejections>> {
  const found = new Map<number, Rejections>();
  for (const id of new Set(streamIds)) {
    const rows = await sql.all<{ seq: number; reason: number }>(
      "SELECT seq, reason FROM rejection WHERE stream_id = ? ORDER BY seq DESC LIMIT ?",
      [id, RECEIPT_MAX_ITEMS],
    );
    const named = rows.map(({ seq, reason }) => [seq, REJECTION_REASONS[reason] as RejectionReason] as const);
    found.set(id, named.reverse());
  }
  return found;
}

/** Says what is committed of a stream; for a fork, up to where both sides agree. */
export function receiptOf(
  crypto: CryptoPort,
  applied: AppliedBatch,
  known: { readonly rejected: Rejections; readonly nowMs: WallMs },
): Receipt {
  const { stream } = applied;
  const { device, epoch, stream: name } = stream.key;
  const base = { device, epoch, stream: name, storeTimeMs: known.nowMs, n: stream.stored };
  if (applied.kind === "fork") {
    const { upto, hash } = applied.agreed;
    return { ...base, kind: "fork", upto, chainHash: hash, missing: [], tombstoned: [], rejected: [] };
  }
  return {
    ...base,
    kind: "store",
    upto: stream.upto,
    chainHash: stream.chainHash ?? genesisHash(crypto, stream.key),
    ...rangesOf(stream),
    rejected: known.rejected,
  };
}

function rangesOf(stream: StreamState): {
  readonly missing: readonly SeqRange[];
  readonly tombstoned: readonly SeqRange[];
} {
  const accounted = uniteRanges(stream.received, stream.tombstoned);
  return {
    missing: gapsAbove(accounted, stream.upto).slice(0, RECEIPT_MAX_ITEMS),
    tombstoned: subtractRanges(stream.tombstoned, stream.received).slice(-RECEIPT_MAX_ITEMS),
  };
}

/** Signs receipts with the engine's receipt key; the key id in the header is that of its public half. */
export class ReceiptSigner {
  readonly #key: CoseKey;
  readonly #kid: Uint8Array;

  private constructor(key: CoseKey, kid: Uint8Array) {
    this.#key = key;
    this.#kid = kid;
  }

  /** @param pair raw Ed25519, 32 bytes each */
  static async open(
    crypto: CryptoPort,
    pair: { readonly publicKey: Uint8Array; readonly privateKey: Uint8Array },
  ): Promise<ReceiptSigner> {
    return new ReceiptSigner(await importSigningKey(pair), keyIdOf(crypto, pair.publicKey));
  }

  sign(receipt: Receipt): Promise<Uint8Array> {
    return signCose1(encodeReceipt(receipt), { key: this.#key, kid: this.#kid });
  }
}
