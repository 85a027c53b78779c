import type { StreamKey } from "../../protocol/checkin/batch.ts";
import type { SeqRange } from "../../protocol/checkin/receipt.ts";
import type { SiteId } from "../../protocol/ids.ts";
import type { Sql } from "../../runtime/sqlite/database.ts";
import type { SeqRanges } from "../ingest/seq-ranges.ts";
import { bulkInsert, bytesFrom, hexOf } from "./bulk.ts";

/** A stream together with the site that its device's certificate names: device names repeat from site to site. */
export interface SiteStream extends StreamKey {
  readonly site: SiteId;
}

/** What the engine has of one stream. Mutable: it changes while a group of batches is applied, then is saved. */
export interface StreamState {
  readonly id: number;
  readonly deviceId: number;
  readonly key: SiteStream;
  upto: number;
  /** Hash at `upto`; null at 0. */
  chainHash: Uint8Array | null;
  stored: number;
  received: SeqRanges;
  tombstoned: SeqRanges;
  changed: boolean;
}

/** Bounds and hash of a batch that is stored. */
export interface LedgerBatch {
  readonly from: number;
  readonly to: number;
  readonly hash: Uint8Array;
  readonly previousHash: Uint8Array;
}

/** Names a stream in maps. */
export function streamName({ site, device, epoch, stream }: SiteStream): string {
  return `${site}/${device}/${epoch}/${stream}`;
}

interface StreamRow {
  readonly id: number;
  readonly device_id: number;
  readonly site: string;
  readonly device: string;
  readonly epoch: string;
  readonly stream: string;
  readonly upto: number;
  readonly chain_hash: Uint8Array | null;
  readonly stored: number;
  readonly received: string;
  readonly tombstoned: string;
}

const insertDevices = bulkInsert("device", ["site", "device"], "ON CONFLICT DO NOTHING");

/** Makes the streams that are new and reads the state of all; runs in a transaction. @returns states by {@link streamName} */
export async function loadStreams(sql: Sql, keys: readonly SiteStream[]): Promise<Map<string, StreamState>> {
  const unique = [...new Map(keys.map((key) => [streamName(key), key])).values()];
  const rows = unique.map(({ site, device, epoch, stream }) => [site, device, epoch, stream]);
  const known = await findStreams(sql, JSON.stringify(rows));
  if (known.size === unique.length) return known;
  await insertDevices(sql, rows);
  await sql.run(
    `INSERT INTO stream (device_id, epoch, stream)
     SELECT d.id, q.value->>2, q.value->>3 FROM json_each(?) q
     JOIN device d ON d.site = q.value->>0 AND d.device = q.value->>1 WHERE true ON CONFLICT DO NOTHING`,
    [JSON.stringify(rows)],
  );
  return findStreams(sql, JSON.stringify(rows));
}

async function findStreams(sql: Sql, rows: string): Promise<Map<string, StreamState>> {
  const found = await sql.all<StreamRow>(
    `SELECT s.*, d.site, d.device FROM json_each(?) q
     JOIN device d ON d.site = q.value->>0 AND d.device = q.value->>1
     JOIN stream s ON s.device_id = d.id AND s.epoch = q.value->>2 AND s.stream = q.value->>3`,
    [rows],
  );
  return new Map(found.map(stateOf).map((state) => [streamName(state.key), state]));
}

function stateOf(row: StreamRow): StreamState {
  return {
    id: row.id,
    deviceId: row.device_id,
    key: { site: row.site, device: row.device, epoch: row.epoch, stream: row.stream } as SiteStream,
    upto: row.upto,
    chainHash: row.chain_hash && bytesFrom(row.chain_hash),
    stored: row.stored,
    received: JSON.parse(row.received) as SeqRange[],
    tombstoned: JSON.parse(row.tombstoned) as SeqRange[],
    changed: false,
  };
}

/** Writes the states that changed. */
export async function saveStreams(sql: Sql, states: Iterable<StreamState>): Promise<void> {
  const rows = [...states]
    .filter(({ changed }) => changed)
    .map((s) => [
      s.id,
      s.upto,
      s.chainHash && hexOf(s.chainHash),
      s.stored,
      JSON.stringify(s.received),
      JSON.stringify(s.tombstoned),
    ]);
  if (rows.length === 0) return;
  await sql.run(
    `UPDATE stream SET upto = q.value->>1, chain_hash = unhex(q.value->>2), stored = q.value->>3,
       received = q.value->>4, tombstoned = q.value->>5
     FROM json_each(?) q WHERE stream.id = q.value->>0`,
    [JSON.stringify(rows)],
  );
}

interface LedgerRow {
  readonly stream_id: number;
  readonly from_seq: number;
  readonly to_seq: number;
  readonly hash: Uint8Array;
  readonly previous_hash: Uint8Array;
}

/** Reads the stored batches that overlap or touch the wanted seqs. @returns by stream id, in order of seq */
export async function ledgerAround(
  sql: Sql,
  wanted: readonly { readonly streamId: number; readonly from: number; readonly to: number }[],
): Promise<Map<number, LedgerBatch[]>> {
  const rows = await sql.all<LedgerRow>(
    `SELECT DISTINCT b.* FROM json_each(?) q JOIN batch b ON b.stream_id = q.value->>0
       AND b.from_seq BETWEEN q.value->>1 AND q.value->>2 ORDER BY b.stream_id, b.from_seq`,
    [JSON.stringify(wanted.map(({ streamId, from, to }) => [streamId, from, to]))],
  );
  const ledger = new Map<number, LedgerBatch[]>(wanted.map(({ streamId }) => [streamId, []]));
  for (const row of rows) ledger.get(row.stream_id)?.push(ledgerBatch(row));
  return ledger;
}

function ledgerBatch(row: LedgerRow): LedgerBatch {
  return {
    from: row.from_seq,
    to: row.to_seq,
    hash: bytesFrom(row.hash),
    previousHash: bytesFrom(row.previous_hash),
  };
}

/** The last stored batch that begins at or before a seq, or null. */
export async function lastBatch(sql: Sql, streamId: number, seq: number): Promise<LedgerBatch | null> {
  const row = await sql.get<LedgerRow>(
    "SELECT * FROM batch WHERE stream_id = ? AND from_seq <= ? ORDER BY from_seq DESC LIMIT 1",
    [streamId, seq],
  );
  return row ? ledgerBatch(row) : null;
}

/** The stored batch of a stream with this hash, or null; O(n) in the stream's batches, for forks only. */
export async function batchWithHash(sql: Sql, streamId: number, hash: Uint8Array): Promise<LedgerBatch | null> {
  const row = await sql.get<LedgerRow>("SELECT * FROM batch WHERE stream_id = ? AND hash = ?", [streamId, hash]);
  return row ? ledgerBatch(row) : null;
}

/** Adds rows [stream id, from, to, hash hex, previous hash hex, time] to the batch ledger. */
export const insertLedger = bulkInsert("batch", [
  "stream_id",
  "from_seq",
  "to_seq",
  "#hash",
  "#previous_hash",
  "stored_at",
]);
