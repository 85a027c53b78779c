import { genesisHash } from "../../protocol/checkin/batch.ts";
import type { Sql } from "../../runtime/sqlite/database.ts";
import { bulkInsert, hexOf } from "../store/bulk.ts";
import { insertLostRows, markDoubted, stretchesOfDevices } from "../store/lost-rows.ts";
import {
  batchWithHash,
  insertLedger,
  type LedgerBatch,
  lastBatch,
  ledgerAround,
  loadStreams,
  type SiteStream,
  type StreamState,
  saveStreams,
  streamName,
} from "../store/streams.ts";
import { venueNumber } from "../store/venue-number.ts";
import { changedStretches, type LostStretch } from "../visits/lost-stretches.ts";
import { judgeBatch, reachOfBatch } from "./chain.ts";
import type { OpenBatch } from "./open-batch.ts";
import { addRange, contiguousEnd, uniteRanges } from "./seq-ranges.ts";
import { type ApplyContext, type FreshBatch, numberingOf, storeRows } from "./store-rows.ts";

/** What became of one batch; `stream` is the state that the commit leaves behind. */
export type AppliedBatch =
  | { readonly kind: "stored" | "duplicate"; readonly stream: StreamState }
  | { readonly kind: "fork"; readonly stream: StreamState; readonly agreed: Agreed; readonly isNew: boolean };

/** Where a fork left the common chain; the genesis hash at 0. */
export interface Agreed {
  readonly upto: number;
  readonly hash: Uint8Array;
}

/**
 * Stores a group of batches in the caller's transaction, in the order given.
 *
 * @returns one result each; they hold only once the transaction is committed
 */
export async function applyBatches(
  sql: Sql,
  batches: readonly OpenBatch[],
  context: ApplyContext,
): Promise<readonly AppliedBatch[]> {
  return new GroupApply(sql, context).run(batches);
}

/** One transaction's work. Used once. */
class GroupApply {
  readonly #sql: Sql;
  readonly #context: ApplyContext;
  readonly #fresh: FreshBatch[] = [];
  #states = new Map<string, StreamState>();
  #ledger = new Map<number, LedgerBatch[]>();

  constructor(sql: Sql, context: ApplyContext) {
    this.#sql = sql;
    this.#context = context;
  }

  async run(batches: readonly OpenBatch[]): Promise<readonly AppliedBatch[]> {
    this.#states = await loadStreams(this.#sql, batches.flatMap(streamsOf));
    const lostBefore = await this.#lostStretches();
    const reaches = batches.map((batch) => ({ streamId: this.#stateOf(keyOf(batch)).id, ...reachOfBatch(batch) }));
    this.#ledger = await ledgerAround(this.#sql, reaches);
    const applied: AppliedBatch[] = [];
    for (const batch of batches) applied.push(await this.#judge(batch));
    const dirty = await storeRows(this.#sql, this.#fresh, this.#context);
    await this.#addToLedger();
    const hasLost = (await this.#noteTombstones()) || lostBefore !== null;
    await this.#advance();
    await saveStreams(this.#sql, this.#states.values());
    await insertDirty(
      this.#sql,
      [...dirty].map((person) => [person]),
    );
    if (hasLost) await markDoubted(this.#sql, changedStretches(lostBefore ?? [], (await this.#lostStretches()) ?? []));
    return applied;
  }

  #stateOf(key: SiteStream): StreamState {
    const state = this.#states.get(streamName(key));
    if (!state) throw new TypeError("stream was not loaded");
    return state;
  }

  async #judge(batch: OpenBatch): Promise<AppliedBatch> {
    const state = this.#stateOf(keyOf(batch));
    const ledger = this.#ledger.get(state.id) ?? [];
    const genesis = genesisHash(this.#context.crypto, batch);
    const hashAtUpto = state.chainHash ?? genesis;
    const verdict = judgeBatch({ ...state, hashAtUpto, genesis, ledger }, batch);
    if (verdict === "duplicate") return { kind: verdict, stream: state };
    if (verdict === "fork") return this.#quarantine(batch, state, genesis);
    ledger.push(batch);
    state.received = addRange(state.received, [batch.from, batch.to]);
    state.changed = true;
    this.#fresh.push({ batch, state, stateIn: (epoch) => this.#stateOf({ ...keyOf(batch), epoch }) });
    return { kind: "stored", stream: state };
  }

  async #quarantine(batch: OpenBatch, state: StreamState, genesis: Uint8Array): Promise<AppliedBatch> {
    const { nowMs } = this.#context;
    const added = await this.#sql.run(
      "INSERT INTO quarantine (stream_id, hash, from_seq, to_seq, bytes, stored_at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
      [state.id, batch.hash, batch.from, batch.to, batch.bytes, nowMs],
    );
    const last =
      (this.#ledger.get(state.id) ?? []).find(({ hash }) => hexOf(hash) === hexOf(batch.previousHash)) ??
      (await batchWithHash(this.#sql, state.id, batch.previousHash));
    const agreed = last && last.to <= state.upto ? { upto: last.to, hash: last.hash } : { upto: 0, hash: genesis };
    return { kind: "fork", stream: state, agreed, isNew: added > 0 };
  }

  async #addToLedger(): Promise<void> {
    const { nowMs } = this.#context;
    const rows = this.#fresh.map(({ batch, state }) => [
      state.id,
      batch.from,
      batch.to,
      hexOf(batch.hash),
      hexOf(batch.previousHash),
      nowMs,
    ]);
    await insertLedger(this.#sql, rows);
  }

  /** Rows that a device lost stand in its tombstones. @returns whether there were any */
  async #noteTombstones(): Promise<boolean> {
    const lost: number[][] = [];
    for (const fresh of this.#fresh) {
      for (const { record } of fresh.batch.good) {
        if (!record.lost) continue;
        const { from, to } = record.lost;
        const state = numberingOf(fresh, record);
        state.tombstoned = addRange(state.tombstoned, [from, to]);
        state.changed = true;
        if (state.key.stream === "c") lost.push([state.id, from, venueNumber(record.venue), to, this.#context.nowMs]);
      }
    }
    await insertLostRows(this.#sql, lost);
    return lost.length > 0;
  }

  /** Also of the devices' other streams: an anchor dates the rows around every loss of its run. */
  #lostStretches(): Promise<readonly LostStretch[] | null> {
    const devices = new Set([...this.#states.values()].map(({ deviceId }) => deviceId));
    return stretchesOfDevices(this.#sql, [...devices]);
  }

  /** Moves each stream's `upto` to the end of the last batch before which nothing is missing. */
  async #advance(): Promise<void> {
    for (const state of this.#states.values()) {
      const end = contiguousEnd(uniteRanges(state.received, state.tombstoned));
      if (!state.changed || end <= state.upto) continue;
      const stored = this.#ledger.get(state.id)?.find(({ to }) => to === end);
      const last = stored ?? (await lastBatch(this.#sql, state.id, end));
      if (!last || last.to <= state.upto) continue;
      state.upto = last.to;
      state.chainHash = last.hash;
    }
  }
}

const insertDirty = bulkInsert("dirty", ["#person"], "ON CONFLICT DO NOTHING");

function keyOf({ site, device, epoch, stream }: SiteStream): SiteStream {
  return { site, device, epoch, stream };
}

/** The batch's own stream and those in which its re-issued rows first stood. */
function streamsOf(batch: OpenBatch): readonly SiteStream[] {
  const origins = batch.good.flatMap(({ record }) => (record.origin ? [record.origin.epoch] : []));
  return [batch.epoch, ...new Set(origins)].map((epoch) => ({ ...keyOf(batch), epoch }));
}
