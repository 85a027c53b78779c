import { concatBytes } from "../../protocol/bytes.ts";
import type { StreamKey } from "../../protocol/checkin/batch.ts";
import type { Receipt } from "../../protocol/checkin/receipt.ts";
import { BATCH_SET_MAX, BATCH_SET_MAX_BYTES } from "../../protocol/http/engine-api.ts";
import type { DeviceId } from "../../protocol/ids.ts";
import type { WallMs } from "../../protocol/units.ts";
import type { Database, Sql } from "../../runtime/sqlite/database.ts";
import { countLeaving, firstAuditDay, trimAuditDays } from "./audit-days.ts";
import { countOne, trimQuarantine } from "./group-writer.ts";
import type { Settlement, SpooledBatch, SpoolStats } from "./spool.ts";
import type { StreamTable } from "./stream-table.ts";

interface BatchRow {
  readonly id: number;
  readonly stream_id: number;
  readonly from_seq: number;
  readonly to_seq: number;
  readonly prefix: Uint8Array;
  readonly body: Uint8Array;
  readonly device: StreamKey["device"];
  readonly epoch: StreamKey["epoch"];
  readonly stream: StreamKey["stream"];
}

export interface OutletOptions {
  /** The connection that writes. */
  readonly db: Database;
  /** A second connection that only reads: the engine's pace never holds up a commit. */
  readonly reader: Database;
  readonly streams: StreamTable;
  readonly now: () => WallMs;
}

/** Room for each batch's CBOR head in a set. */
const HEAD_BYTES = 9;

/** The way out of the spool: what to post next, and what the engine's answer changes. */
export class SpoolOutlet {
  readonly #options: OutletOptions;
  /** The first day that the audit still has; it moves once a day. */
  #firstAuditDay = 0;

  constructor(options: OutletOptions) {
    this.#options = options;
  }

  /**
   * Oldest batches that the engine lacks, in order of arrival, within the bounds of one request.
   *
   * @param held streams to leave out
   */
  async nextSet(limit: number, held: ReadonlySet<number>): Promise<readonly SpooledBatch[]> {
    const rows = await this.#options.reader.all<BatchRow>(
      `SELECT b.id, b.stream_id, b.from_seq, b.to_seq, p.bytes AS prefix, b.body, s.device, s.epoch, s.stream
       FROM batches b JOIN streams s ON s.id = b.stream_id JOIN prefixes p ON p.id = b.prefix_id
       WHERE b.delivered = 0 AND b.stream_id NOT IN (SELECT value FROM json_each(?)) ORDER BY b.id LIMIT ?`,
      [JSON.stringify([...held]), Math.min(limit, BATCH_SET_MAX)],
    );
    let bytes = HEAD_BYTES;
    const set: SpooledBatch[] = [];
    for (const row of rows) {
      const body = concatBytes(row.prefix, row.body);
      bytes += body.length + HEAD_BYTES;
      if (set.length > 0 && bytes > BATCH_SET_MAX_BYTES) break;
      const key = { device: row.device, epoch: row.epoch, stream: row.stream };
      set.push({ id: row.id, streamId: row.stream_id, key, from: row.from_seq, to: row.to_seq, body });
    }
    return set;
  }

  /** Applies the engine's verified answer to one set, in one transaction. */
  async settle(settlement: Settlement): Promise<void> {
    const { db, streams, now } = this.#options;
    const firstDay = firstAuditDay(now());
    await db.transaction(
      async (sql) => {
        await this.#markDelivered(sql, settlement);
        for (const receipt of settlement.receipts) await this.#applyReceipt(sql, receipt);
        for (const { batch, reason } of settlement.refused) await this.#putAside(sql, batch, reason);
        if (settlement.refused.length > 0) await trimQuarantine(sql);
        if (firstDay !== this.#firstAuditDay) await trimAuditDays(sql, firstDay);
      },
      { undone: () => streams.clear() },
    );
    this.#firstAuditDay = firstDay;
  }

  /** The engine's last store receipt of each stream of a device, verbatim, oldest stream first. */
  async receiptsOf(device: DeviceId): Promise<readonly Uint8Array[]> {
    const rows = await this.#options.reader.all<{ receipt: Uint8Array }>(
      "SELECT receipt FROM streams WHERE device = ? AND receipt IS NOT NULL ORDER BY id",
      [device],
    );
    return rows.map(({ receipt }) => receipt);
  }

  /** The engine's last store receipt of one stream; null before the first. */
  async receiptOf(key: StreamKey): Promise<Uint8Array | null> {
    const row = await this.#options.reader.get<{ receipt: Uint8Array | null }>(
      "SELECT receipt FROM streams WHERE device = ? AND epoch = ? AND stream = ?",
      [key.device, key.epoch, key.stream],
    );
    return row?.receipt ?? null;
  }

  async stats(): Promise<SpoolStats> {
    const { reader } = this.#options;
    const totals = await reader.get<{ batches: number; undelivered: number; streams: number }>(
      `SELECT count(*) AS batches, count(*) FILTER (WHERE delivered = 0) AS undelivered,
         (SELECT count(*) FROM streams) AS streams FROM batches`,
    );
    const oldest = await reader.get<{ received_ms: WallMs }>(
      "SELECT received_ms FROM batches WHERE delivered = 0 ORDER BY id LIMIT 1",
    );
    const counts = await reader.all<{ name: string; n: number }>("SELECT name, n FROM counts ORDER BY name");
    return {
      batches: totals?.batches ?? 0,
      undelivered: totals?.undelivered ?? 0,
      streams: totals?.streams ?? 0,
      oldestUndeliveredAt: oldest?.received_ms ?? null,
      quarantined: Object.fromEntries(counts.map(({ name, n }) => [name, n])),
    };
  }

  async #markDelivered(sql: Sql, { delivered, receipts }: Settlement): Promise<void> {
    if (delivered.length === 0) return;
    const ids = JSON.stringify(delivered.map(({ id }) => id));
    await sql.run("UPDATE batches SET delivered = 1 WHERE id IN (SELECT value FROM json_each(?))", [ids]);
    const among = delivered.filter((batch) =>
      receipts.some(({ streamId, receipt }) => streamId === batch.streamId && isAmongLater(receipt, batch)),
    );
    if (among.length === 0) return; // what lies below a receipt's mark goes with the receipt
    const gone = JSON.stringify(among.map(({ id }) => id));
    await countLeaving(sql, "receipted", { where: "b.id IN (SELECT value FROM json_each(?))", params: [gone] });
    await sql.run("DELETE FROM batches WHERE id IN (SELECT value FROM json_each(?))", [gone]);
  }

  async #applyReceipt(sql: Sql, { streamId, receipt, bytes }: Settlement["receipts"][number]): Promise<void> {
    const state = await this.#options.streams.byId(sql, streamId);
    if (!state) return;
    const stored = { upto: receipt.upto, hash: receipt.chainHash };
    const head = state.head.upto >= stored.upto ? state.head : stored;
    await sql.run(
      `UPDATE streams SET stored_upto = ?, stored_hash = ?, head_upto = ?, head_hash = ?, receipt = ?, receipt_ms = ? WHERE id = ?`,
      [stored.upto, stored.hash, head.upto, head.hash, bytes, this.#options.now(), streamId],
    );
    const below = [streamId, stored.upto];
    // one that came meanwhile and was not posted may be another writer's: that is the engine's to say
    const which = { where: "b.stream_id = ? AND b.to_seq <= ? AND b.delivered = 1", params: below };
    await countLeaving(sql, "receipted", which);
    await sql.run("DELETE FROM batches AS b WHERE b.stream_id = ? AND b.to_seq <= ? AND b.delivered = 1", below);
    const rewound = stored.upto < state.stored.upto; // a restored engine: what was covered is not any more
    if (rewound || receipt.missing.length > 0) state.recent.clear();
    state.stored = stored;
    state.head = head;
    if (rewound || state.custody.upto < stored.upto) state.custody = stored;
    await this.#options.streams.measureCustody(sql, state);
  }

  async #putAside(sql: Sql, batch: SpooledBatch, reason: "fork" | "refused"): Promise<void> {
    await sql.run("INSERT INTO quarantine (device, leaf, reason, body, at_ms) VALUES (?, ?, ?, ?, ?)", [
      batch.key.device,
      batch.key.stream === "c" ? "checkins" : "presence",
      reason,
      batch.body,
      this.#options.now(),
    ]);
    if (reason === "refused") await countLeaving(sql, reason, { where: "b.id = ?", params: [batch.id] });
    await sql.run("DELETE FROM batches WHERE id = ?", [batch.id]);
    await countOne(sql, reason);
    const state = await this.#options.streams.byId(sql, batch.streamId);
    state?.recent.clear();
  }
}

/**
 * Whether a store receipt says that the engine has a batch above the mark: it stands among later rows that are there and is not named as
 * missing.
 */
function isAmongLater(receipt: Receipt, batch: { readonly from: number; readonly to: number }): boolean {
  const beforeAGap = receipt.missing.some(([from]) => from > batch.to);
  const within = receipt.missing.some(([from, to]) => from <= batch.to && to >= batch.from);
  return beforeAGap && !within && batch.from > receipt.upto;
}
