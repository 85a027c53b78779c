import { toBase64Url } from "../../protocol/bytes.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import type { BatchAnswer, BatchSetAnswer } from "../../protocol/http/engine-api.ts";
import type { WallMs } from "../../protocol/units.ts";
import { faultWithDetails, type Logger } from "../../runtime/log.ts";
import type { Database, Sql } from "../../runtime/sqlite/database.ts";
import { GroupCommit } from "../../runtime/sqlite/group-commit.ts";
import { EngineBusyError } from "../errors.ts";
import type { SecretBox } from "../keys/secret-box.ts";
import { storeLetters } from "../store/letters.ts";
import { type AppliedBatch, applyBatches } from "./apply-batches.ts";
import { type BatchOpener, letterHash, type OpenBatch, type OpenedBatch } from "./open-batch.ts";
import { loadRejections, type ReceiptSigner, type Rejections, receiptOf } from "./receipts.ts";
import type { ApplyContext } from "./store-rows.ts";

/** Batches that one transaction may hold. */
const MAX_GROUP = 64;
/** Batches that may be under way before senders are told to come back; bounds memory at about 64 MB. */
const MAX_UNDER_WAY = 1_024;

/** What one batch leaves behind, all of it committed. */
type Outcome =
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "applied"; readonly applied: AppliedBatch; readonly rejected: Rejections; readonly nowMs: WallMs };

export interface IngestParts {
  readonly database: Database;
  readonly crypto: CryptoPort;
  readonly box: SecretBox;
  readonly opener: BatchOpener;
  readonly signer: ReceiptSigner;
  readonly retentionMs: number;
  readonly now: () => WallMs;
  readonly log: Logger;
  /**
   * Told after each commit that visits may have to be built anew.
   *
   * @param isRadio whether wearers of tokens may be found: something was heard, or an anchor dates what was
   */
  readonly onStored: (isRadio: boolean) => void;
}

/** Takes signed batches in: opens them, commits them in groups, answers with receipts of what is committed. */
export class IngestService {
  readonly #parts: IngestParts;
  readonly #group: GroupCommit<OpenedBatch, Outcome>;
  #underWay = 0;

  constructor(parts: IngestParts) {
    this.#parts = parts;
    this.#group = new GroupCommit({ commit: (batches) => this.#commit(batches), maxGroup: MAX_GROUP });
  }

  /**
   * Stores batches and resolves when all of them are committed. Whatever a sender may do wrong gets a verdict, never a throw.
   *
   * @throws {EngineBusyError} ENGINE_BUSY when too many batches wait
   * @throws {StoreError} RT_STORE_FAILED when the commit fails; nothing is claimed then, and sending again is safe
   */
  async ingest(batches: readonly Uint8Array[]): Promise<BatchSetAnswer> {
    if (this.#underWay + batches.length > MAX_UNDER_WAY) {
      throw new EngineBusyError("too many batches wait", { underWay: this.#underWay });
    }
    this.#underWay += batches.length;
    try {
      return { results: await this.#answer(await this.#store(batches)) };
    } finally {
      this.#underWay -= batches.length;
    }
  }

  /** Batches go to their commit while the next ones are opened. */
  async #store(batches: readonly Uint8Array[]): Promise<readonly Outcome[]> {
    const waiting: Promise<Outcome>[] = [];
    for (const bytes of batches) {
      const outcome = this.#group.add(await this.#parts.opener.open(bytes));
      outcome.catch(() => undefined); // awaited below; this one keeps an early fault from counting as unhandled
      waiting.push(outcome);
    }
    return Promise.all(waiting);
  }

  /** Resolves when nothing waits for a commit. */
  idle(): Promise<void> {
    return this.#group.idle();
  }

  async #commit(batches: readonly OpenedBatch[]): Promise<readonly Outcome[]> {
    const { database, crypto, box, retentionMs, now, log, onStored } = this.#parts;
    const context = { crypto, box, retentionMs, nowMs: now() };
    const outcomes = await database
      .transaction((sql) => applyGroup(sql, batches, context))
      .catch((fault: unknown): never => {
        log.error("ingest.commit_failed", { batches: batches.length, ...faultWithDetails(fault) });
        throw fault;
      });
    this.#report(outcomes);
    onStored(batches.some((one) => one.kind === "open" && hasRadio(one.batch)));
    return outcomes;
  }

  #report(outcomes: readonly Outcome[]): void {
    const { log } = this.#parts;
    for (const outcome of outcomes) {
      if (outcome.kind === "refused") log.warn("batch.refused", { reason: outcome.reason });
      else if (outcome.applied.kind === "fork" && outcome.applied.isNew) {
        const { site, device, stream } = outcome.applied.stream.key;
        log.error("stream.forked", { site, device, stream, agreedUpto: outcome.applied.agreed.upto });
      }
    }
  }

  /** Batches of one stream in one request share a receipt: it says what the stream came to. */
  async #answer(outcomes: readonly Outcome[]): Promise<BatchAnswer[]> {
    const latest = new Map<number, Promise<string>>();
    for (const outcome of [...outcomes].reverse()) {
      if (outcome.kind !== "applied" || outcome.applied.kind === "fork") continue;
      const { id } = outcome.applied.stream;
      if (!latest.has(id)) latest.set(id, this.#receipt(outcome));
    }
    return Promise.all(
      outcomes.map(async (outcome): Promise<BatchAnswer> => {
        if (outcome.kind === "refused") return { verdict: "refused", reason: outcome.reason };
        const { kind, stream } = outcome.applied;
        const shared = kind === "fork" ? undefined : latest.get(stream.id);
        return { verdict: kind, receipt: await (shared ?? this.#receipt(outcome)) };
      }),
    );
  }

  async #receipt(outcome: Outcome & { readonly kind: "applied" }): Promise<string> {
    const { signer, crypto } = this.#parts;
    return toBase64Url(await signer.sign(receiptOf(crypto, outcome.applied, outcome)));
  }
}

function hasRadio({ good }: OpenBatch): boolean {
  return good.some(({ record: { kind } }) => kind === "presence" || kind === "anchor");
}

async function applyGroup(
  sql: Sql,
  batches: readonly OpenedBatch[],
  context: ApplyContext,
): Promise<readonly Outcome[]> {
  const open: OpenBatch[] = batches.flatMap((one) => (one.kind === "open" ? [one.batch] : []));
  const applied = await applyBatches(sql, open, context);
  const rejections = await loadRejections(
    sql,
    applied.map(({ stream }) => stream.id),
  );
  const refused = batches.flatMap((one) => (one.kind === "refused" ? [one] : []));
  const letters = refused.map(({ reason, bytes }) => ({
    hash: letterHash(context.crypto, bytes),
    reason,
    bytes,
    deviceId: null,
  }));
  await storeLetters(sql, letters, context.nowMs);
  const results = applied[Symbol.iterator]();
  return batches.map((one): Outcome => {
    if (one.kind === "refused") return { kind: "refused", reason: one.reason };
    const next = results.next().value as AppliedBatch;
    return { kind: "applied", applied: next, rejected: rejections.get(next.stream.id) ?? [], nowMs: context.nowMs };
  });
}
