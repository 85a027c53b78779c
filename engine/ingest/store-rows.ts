import { REJECTION_REASONS, type RejectionReason } from "../../protocol/checkin/receipt.ts";
import type { CheckinRecord } from "../../protocol/checkin/record.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import type { Epoch } from "../../protocol/ids.ts";
import type { WallMs } from "../../protocol/units.ts";
import type { Sql } from "../../runtime/sqlite/database.ts";
import type { SecretBox } from "../keys/secret-box.ts";
import { addAnchors, type BootAnchor, bootName, type DeviceBoot, loadAnchors } from "../store/anchors.ts";
import { type PlacedAnnul, type SeqSpan, settleAnnuls } from "../store/annuls.ts";
import { bulkInsert } from "../store/bulk.ts";
import { type Erasures, loadErasures, withoutErased } from "../store/erasures.ts";
import { insertEvents, type PlacedRow } from "../store/events.ts";
import { storeLetters } from "../store/letters.ts";
import { insertPresence } from "../store/presence.ts";
import type { StreamState } from "../store/streams.ts";
import { insertVenueKeys } from "../store/venue-keys.ts";
import { dateStamp, isSynced } from "../visits/event-time.ts";
import { type GoodRow, letterHash, type OpenBatch } from "./open-batch.ts";

/** What applying needs besides the transaction. */
export interface ApplyContext {
  readonly crypto: CryptoPort;
  /** Seals the keys of venues. */
  readonly box: SecretBox;
  readonly nowMs: WallMs;
  /** Rows older than this by trusted time are acknowledged and not stored. */
  readonly retentionMs: number;
}

/** A batch that continues its stream, with the states of the streams that its rows speak of. */
export interface FreshBatch {
  readonly batch: OpenBatch;
  readonly state: StreamState;
  /** The same device and stream in another epoch, for rows that were issued again. */
  readonly stateIn: (epoch: Epoch) => StreamState;
}

/**
 * Stores the rows of batches that the chain accepts, in the caller's transaction.
 *
 * @returns persons (hex) whose visits must be built anew
 */
export async function storeRows(
  sql: Sql,
  fresh: readonly FreshBatch[],
  context: ApplyContext,
): Promise<ReadonlySet<string>> {
  const { nowMs } = context;
  const erasures = await loadErasures(sql);
  const boots = await storeAnchors(sql, fresh, { erasures, storedMs: nowMs });
  const sorting = new RowSorting(context, boots.anchors);
  for (const one of fresh) sorting.sort(one);
  const placed = await withoutErased(sql, sorting.placed, erasures);
  await insertEvents(sql, placed, nowMs);
  await insertPresence(sql, placed);
  await insertVenueKeys(sql, placed, context.box);
  await reject(sql, fresh, { rejections: sorting.rejections, context });
  const { annuls, spans } = sorting;
  const annulled = await settleAnnuls(sql, { annuls, spans, storedMs: nowMs });
  return new Set([...sorting.persons, ...boots.touched, ...annulled]);
}

/** The epoch whose numbering a row's reference is in: the first one, when the row was issued again. */
export function numberingOf({ state, stateIn }: FreshBatch, record: CheckinRecord): StreamState {
  return record.origin ? stateIn(record.origin.epoch) : state;
}

interface Rejection {
  readonly streamId: number;
  readonly seq: number;
  readonly reason: RejectionReason;
}

/** Sorts rows into those to store, to reject, and to take back others by. */
class RowSorting {
  readonly placed: PlacedRow[] = [];
  readonly rejections: Rejection[] = [];
  readonly annuls: PlacedAnnul[] = [];
  readonly spans: SeqSpan[] = [];
  readonly persons = new Set<string>();
  readonly #context: ApplyContext;
  readonly #anchors: ReadonlyMap<string, readonly BootAnchor[]>;

  constructor(context: ApplyContext, anchors: ReadonlyMap<string, readonly BootAnchor[]>) {
    this.#context = context;
    this.#anchors = anchors;
  }

  sort(fresh: FreshBatch): void {
    const { batch, state } = fresh;
    state.stored += batch.good.length;
    this.spans.push({ streamId: state.id, from: batch.from, to: batch.to });
    for (const { seq, reason } of batch.bad) this.rejections.push({ streamId: state.id, seq, reason });
    for (const row of batch.good) this.#sortRow(fresh, row);
  }

  #sortRow(fresh: FreshBatch, row: GoodRow): void {
    const { record, person } = row;
    if (record.annuls !== undefined) {
      const target = { streamId: numberingOf(fresh, record).id, seq: record.annuls };
      this.annuls.push({ target, ownStream: fresh.state.id });
    }
    if (record.kind !== "in" && record.kind !== "out" && record.kind !== "presence") return;
    const placed = this.#place(fresh, row);
    if (this.#isExpired(placed)) {
      fresh.state.stored -= 1;
      this.rejections.push({ streamId: fresh.state.id, seq: record.seq, reason: "expired" });
      return;
    }
    this.placed.push(placed);
    const { streamId, seq } = placed.place;
    if (record.origin) this.spans.push({ streamId, from: seq, to: seq });
    if (person && record.kind !== "presence") this.persons.add(person);
  }

  #place(fresh: FreshBatch, row: GoodRow): PlacedRow {
    const { record } = row;
    const { id, deviceId } = fresh.state;
    const own = { streamId: id, seq: record.seq };
    const place = record.origin ? { streamId: numberingOf(fresh, record).id, seq: record.origin.seq } : own;
    const boot = bootNumber(record);
    const anchors = this.#anchors.get(bootName({ deviceId, boot })) ?? [];
    const time = dateStamp({ ...record, storedMs: this.#context.nowMs }, anchors);
    return { row, deviceId, boot, place, own, time };
  }

  #isExpired({ time }: PlacedRow): boolean {
    const { nowMs, retentionMs } = this.#context;
    return !time.unknown && time.latest !== null && time.latest < nowMs - retentionMs;
  }
}

/** Anchors go first: they date this group's own rows too. */
async function storeAnchors(
  sql: Sql,
  fresh: readonly FreshBatch[],
  now: { readonly erasures: Erasures; readonly storedMs: number },
): Promise<{ readonly anchors: ReadonlyMap<string, readonly BootAnchor[]>; readonly touched: readonly string[] }> {
  const boots = new Map<string, DeviceBoot>();
  const added: BootAnchor[] = [];
  for (const { batch, state } of fresh) {
    for (const { record } of batch.good) {
      const boot = { deviceId: state.deviceId, boot: bootNumber(record) };
      boots.set(bootName(boot), boot);
      if (record.kind === "anchor" && isSynced(record.clock)) added.push({ ...boot, ...anchorTime(record) });
    }
  }
  const anchors = await loadAnchors(sql, [...boots.values()]);
  return { anchors, touched: await addAnchors(sql, anchors, { anchors: added, ...now }) };
}

function anchorTime({ boottimeMs, wallMs, uncertaintyMs }: CheckinRecord): Omit<BootAnchor, keyof DeviceBoot> {
  return { boottimeMs, wallMs, uncertaintyMs };
}

function bootNumber({ boot }: CheckinRecord): number {
  return Number.parseInt(boot, 16);
}

const insertRejections = bulkInsert("rejection", ["stream_id", "seq", "reason", "stored_at"], "ON CONFLICT DO NOTHING");

/** Names the rows that were not stored, and keeps the bytes of those that could not be read. */
async function reject(
  sql: Sql,
  fresh: readonly FreshBatch[],
  { rejections, context }: { readonly rejections: readonly Rejection[]; readonly context: ApplyContext },
): Promise<void> {
  const { nowMs, crypto } = context;
  const rows = rejections.map(({ streamId, seq, reason }) => [streamId, seq, REJECTION_REASONS.indexOf(reason), nowMs]);
  await insertRejections(sql, rows);
  const letters = fresh.flatMap(({ batch, state }) =>
    batch.bad.map(({ reason, bytes }) => ({
      hash: letterHash(crypto, bytes),
      reason,
      bytes,
      deviceId: state.deviceId,
    })),
  );
  await storeLetters(sql, letters, nowMs);
}
