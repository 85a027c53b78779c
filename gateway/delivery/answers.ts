import type { CoseKey } from "../../protocol/cose.ts";
import type { BatchAnswer } from "../../protocol/http/engine-api.ts";
import type { Settlement, SpooledBatch } from "../spool/spool.ts";
import { type CheckedReceipt, checkReceipt } from "./receipt-check.ts";

/** What an engine's answer to one set means, after every signature was checked. */
export interface ReadAnswers {
  readonly settlement: Settlement;
  /** Receipts for the kiosks, store and fork, in order. */
  readonly relay: readonly { readonly batch: SpooledBatch; readonly bytes: Uint8Array }[];
  /** Streams whose receipt was missing or not the engine's: nothing of them changes. */
  readonly untrusted: ReadonlySet<number>;
}

/**
 * Reads the answers to a set of batches, in order.
 *
 * Of several store receipts of one stream only the last is checked and used: it covers the others. A verdict without the signed receipt
 * that it promises counts for nothing; `refused` alone needs none, because a refused batch is kept, not deleted.
 */
export async function readAnswers(
  set: readonly SpooledBatch[],
  answers: readonly BatchAnswer[],
  receiptKey: CoseKey,
): Promise<ReadAnswers> {
  const untrusted = new Set<number>();
  const stored = await lastReceipts(set, answers, receiptKey, untrusted);
  const delivered: SpooledBatch[] = [];
  const refused: Settlement["refused"][number][] = [];
  const forks: { readonly batch: SpooledBatch; readonly bytes: Uint8Array }[] = [];
  for (const [at, batch] of set.entries()) {
    const answer = answers[at];
    if (!answer || untrusted.has(batch.streamId)) continue;
    if (answer.verdict === "refused") refused.push({ batch, reason: "refused" });
    else if (answer.verdict !== "fork") delivered.push(batch);
    else {
      const fork = await checkReceipt(answer.receipt, { kind: "fork", batch, key: receiptKey });
      if (!fork) untrusted.add(batch.streamId);
      else {
        refused.push({ batch, reason: "fork" });
        forks.push({ batch, bytes: fork.bytes });
      }
    }
  }
  const receipts = [...stored].map(([streamId, { receipt, bytes }]) => ({ streamId, receipt, bytes }));
  const relay = [...stored.values(), ...forks].map(({ batch, bytes }) => ({ batch, bytes }));
  return { settlement: { receipts, delivered, refused }, relay, untrusted };
}

async function lastReceipts(
  set: readonly SpooledBatch[],
  answers: readonly BatchAnswer[],
  key: CoseKey,
  untrusted: Set<number>,
): Promise<Map<number, CheckedReceipt & { readonly batch: SpooledBatch }>> {
  const last = new Map<number, { readonly batch: SpooledBatch; readonly text: string | undefined }>();
  for (const [at, batch] of set.entries()) {
    const answer = answers[at];
    if (answer?.verdict === "stored" || answer?.verdict === "duplicate")
      last.set(batch.streamId, { batch, text: answer.receipt });
  }
  const checked = new Map<number, CheckedReceipt & { readonly batch: SpooledBatch }>();
  for (const [streamId, { batch, text }] of last) {
    const good = await checkReceipt(text, { kind: "store", batch, key });
    if (good) checked.set(streamId, { ...good, batch });
    else untrusted.add(streamId);
  }
  return checked;
}
