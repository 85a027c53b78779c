import { equalBytes } from "../../protocol/bytes.ts";
import { BATCH_MAX_ROWS } from "../../protocol/checkin/batch.ts";
import type { LedgerBatch } from "../store/streams.ts";
import { type SeqRanges, touchesRange } from "./seq-ranges.ts";

/** What becomes of a batch, by the chain alone. */
export type ChainVerdict = "fresh" | "duplicate" | "fork";

/** What is known around a batch. */
export interface ChainView {
  readonly received: SeqRanges;
  readonly upto: number;
  /** Hash at `upto`: the genesis hash at 0. */
  readonly hashAtUpto: Uint8Array;
  readonly genesis: Uint8Array;
  /** Stored batches that overlap or touch the batch; older ones may have been pruned. */
  readonly ledger: readonly LedgerBatch[];
}

/** Seqs of the stored batches that can overlap or touch one: where to look in the ledger. */
export function reachOfBatch(batch: { readonly from: number; readonly to: number }): {
  readonly from: number;
  readonly to: number;
} {
  return { from: Math.max(1, batch.from - BATCH_MAX_ROWS), to: batch.to + 1 };
}

/**
 * Judges a batch against the chain.
 *
 * The same bounds and hash again are a duplicate. Known seqs under another hash, or a previous hash that differs from the known
 * one, are a fork; so is a batch that fills a gap and does not fit the batch behind it. A gap in front is fine: the link is
 * checked when the gap closes. Seqs whose ledger rows were pruned count as duplicates: they are too old to compare.
 */
export function judgeBatch(view: ChainView, batch: LedgerBatch): ChainVerdict {
  const overlapping = view.ledger.filter(({ from, to }) => from <= batch.to && to >= batch.from);
  const [only] = overlapping;
  if (only) {
    const same = overlapping.length === 1 && only.from === batch.from && equalBytes(only.hash, batch.hash);
    return same ? "duplicate" : "fork";
  }
  if (touchesRange(view.received, [batch.from, batch.to])) return "duplicate";
  const before = hashBefore(view, batch.from);
  if (before && !equalBytes(before, batch.previousHash)) return "fork";
  const behind = view.ledger.find(({ from }) => from === batch.to + 1);
  return behind && !equalBytes(behind.previousHash, batch.hash) ? "fork" : "fresh";
}

function hashBefore(view: ChainView, from: number): Uint8Array | null {
  if (from === 1) return view.genesis;
  if (from === view.upto + 1) return view.hashAtUpto;
  return view.ledger.find(({ to }) => to === from - 1)?.hash ?? null;
}
