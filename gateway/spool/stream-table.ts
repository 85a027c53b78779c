import { genesisHash, type StreamKey } from "../../protocol/checkin/batch.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import type { Sql } from "../../runtime/sqlite/database.ts";
import { type ChainLink, type ChainMarks, type ChainPoint, extend } from "./chain.ts";
import { RecentLinks } from "./recent-links.ts";

/** One stream's books in memory; the tables can give them back. */
export interface StreamState extends ChainMarks {
  readonly id: number;
  readonly key: StreamKey;
  stored: ChainPoint;
  head: ChainPoint;
  /** How far batches follow `stored` without a gap. */
  custody: ChainPoint;
  /** What stood before the payload in the last message. */
  prefix: MessagePrefix | null;
  /** The last batches taken that are still in the spool or covered by `stored`, to know a repeated one at once. */
  readonly recent: RecentLinks;
}

/** A prefix in the table `prefixes`. */
export interface MessagePrefix {
  readonly id: number;
  readonly bytes: Buffer;
}

interface StreamRow {
  readonly id: number;
  readonly device: StreamKey["device"];
  readonly epoch: StreamKey["epoch"];
  readonly stream: StreamKey["stream"];
  readonly stored_upto: number;
  readonly stored_hash: Uint8Array;
  readonly head_upto: number;
  readonly head_hash: Uint8Array;
}

interface LinkRow {
  readonly from_seq: number;
  readonly to_seq: number;
  readonly hash: Uint8Array;
  readonly previous_hash: Uint8Array;
}

const STREAM_COLUMNS = "id, device, epoch, stream, stored_upto, stored_hash, head_upto, head_hash";
const LINK_COLUMNS = "from_seq, to_seq, hash, previous_hash";
const MAX_CACHED_STREAMS = 8_192;
const PAGE_LINKS = 1_000;

/** Ledger lives of one device, times two streams, that the gateway keeps books of. */
export const MAX_STREAMS_PER_DEVICE = 64;

/** Books of every stream, read from the tables when first needed and kept while they are in use. Used within transactions only. */
export class StreamTable {
  readonly #crypto: CryptoPort;
  readonly #states = new Map<string, StreamState>();
  readonly #byId = new Map<number, StreamState>();
  /** By the very object that asks: the usual message asks with the one that the last message of its stream asked with. */
  #byAsker = new WeakMap<StreamKey, StreamState>();

  constructor(crypto: CryptoPort) {
    this.#crypto = crypto;
  }

  /** Forgets what is in memory, after a failed commit: the tables are right. */
  clear(): void {
    this.#states.clear();
    this.#byId.clear();
    this.#byAsker = new WeakMap();
  }

  cached(key: StreamKey): StreamState | undefined {
    const known = this.#byAsker.get(key);
    if (known) return known;
    const state = this.#states.get(nameOf(key));
    if (state) this.#byAsker.set(key, state);
    return state;
  }

  /** Finds a stream's books or opens new ones; null when the device has too many streams that are still in use. */
  async of(sql: Sql, key: StreamKey): Promise<StreamState | null> {
    const known = this.cached(key);
    if (known) return known;
    const row =
      (await sql.get<StreamRow>(`SELECT ${STREAM_COLUMNS} FROM streams WHERE device = ? AND epoch = ? AND stream = ?`, [
        key.device,
        key.epoch,
        key.stream,
      ])) ?? (await this.#create(sql, key));
    return row && this.#load(sql, row);
  }

  async byId(sql: Sql, id: number): Promise<StreamState | null> {
    const known = this.#byId.get(id);
    if (known) return known;
    const row = await sql.get<StreamRow>(`SELECT ${STREAM_COLUMNS} FROM streams WHERE id = ?`, [id]);
    return row ? this.#load(sql, row) : null;
  }

  /** Notes a batch just taken. */
  append(state: StreamState, link: ChainLink): void {
    if (link.to > state.head.upto) state.head = { upto: link.to, hash: link.hash };
    if (link.from === state.custody.upto + 1) state.custody = { upto: link.to, hash: link.hash };
    state.recent.add(link);
  }

  /** Finds or keeps what stands before the payload of a stream's messages; those that no batch needs any more go. */
  async usePrefix(sql: Sql, state: StreamState, bytes: Buffer): Promise<void> {
    const find = (): Promise<{ id: number } | undefined> =>
      sql.get("SELECT id FROM prefixes WHERE stream_id = ? AND bytes = ?", [state.id, bytes]);
    let row = await find();
    if (!row) {
      await sql.run(
        `DELETE FROM prefixes WHERE stream_id = ?1
           AND id NOT IN (SELECT prefix_id FROM batches WHERE stream_id = ?1)`,
        [state.id],
      );
      await sql.run("INSERT INTO prefixes (stream_id, bytes) VALUES (?, ?)", [state.id, bytes]);
      row = await find();
    }
    if (row) state.prefix = { id: row.id, bytes };
  }

  /** Batches in the tables that overlap a link or touch it. */
  async neighbours(sql: Sql, id: number, link: ChainLink): Promise<ChainLink[]> {
    const rows = await sql.all<LinkRow>(
      `SELECT ${LINK_COLUMNS} FROM batches WHERE stream_id = ? AND from_seq BETWEEN ? AND ? AND to_seq >= ? ORDER BY from_seq`,
      [id, link.from - MAX_BATCH_SPAN, link.to + 1, link.from - 1],
    );
    return rows.map(toLink);
  }

  /** Finds again how far batches follow the stored mark. */
  async measureCustody(sql: Sql, state: StreamState): Promise<void> {
    let end = state.custody.upto > state.stored.upto ? state.custody : state.stored;
    for (;;) {
      const rows = await sql.all<LinkRow>(
        `SELECT ${LINK_COLUMNS} FROM batches WHERE stream_id = ? AND from_seq > ? ORDER BY from_seq LIMIT ?`,
        [state.id, end.upto, PAGE_LINKS],
      );
      const next = extend(end, rows.map(toLink));
      const whole = next.upto > end.upto && rows.length === PAGE_LINKS;
      end = next;
      if (!whole) break;
    }
    state.custody = end;
  }

  async #create(sql: Sql, key: StreamKey): Promise<StreamRow | null> {
    const count = await sql.get<{ n: number }>("SELECT count(*) AS n FROM streams WHERE device = ?", [key.device]);
    if ((count?.n ?? 0) >= MAX_STREAMS_PER_DEVICE) {
      const freed = await sql.run(
        `DELETE FROM streams WHERE id = (SELECT s.id FROM streams s WHERE s.device = ?
           AND NOT EXISTS (SELECT 1 FROM batches b WHERE b.stream_id = s.id) ORDER BY s.id LIMIT 1)`,
        [key.device],
      );
      if (freed === 0) return null;
      await sql.run("DELETE FROM prefixes WHERE stream_id NOT IN (SELECT id FROM streams)");
      this.clear();
    }
    const genesis = genesisHash(this.#crypto, key);
    await sql.run("INSERT INTO streams (device, epoch, stream, stored_hash, head_hash) VALUES (?, ?, ?, ?, ?)", [
      key.device,
      key.epoch,
      key.stream,
      genesis,
      genesis,
    ]);
    return (
      (await sql.get<StreamRow>(`SELECT ${STREAM_COLUMNS} FROM streams WHERE device = ? AND epoch = ? AND stream = ?`, [
        key.device,
        key.epoch,
        key.stream,
      ])) ?? null
    );
  }

  async #load(sql: Sql, row: StreamRow): Promise<StreamState> {
    if (this.#states.size >= MAX_CACHED_STREAMS) this.clear();
    const key = { device: row.device, epoch: row.epoch, stream: row.stream };
    const top = await sql.get<LinkRow>(
      `SELECT ${LINK_COLUMNS} FROM batches WHERE stream_id = ? ORDER BY from_seq DESC LIMIT 1`,
      [row.id],
    );
    const stored = { upto: row.stored_upto, hash: row.stored_hash };
    const past = { upto: row.head_upto, hash: row.head_hash };
    const head = top && top.to_seq > past.upto ? { upto: top.to_seq, hash: top.hash } : past;
    const genesis = genesisHash(this.#crypto, key);
    const state: StreamState = {
      id: row.id,
      key,
      genesis,
      stored,
      head,
      custody: stored,
      prefix: null,
      recent: new RecentLinks(),
    };
    await this.measureCustody(sql, state);
    this.#states.set(nameOf(key), state);
    this.#byId.set(row.id, state);
    return state;
  }
}

/** A batch has at most 200 rows, so one that reaches into another begins at most that far before it. */
const MAX_BATCH_SPAN = 200;

function nameOf(key: StreamKey): string {
  return `${key.device}/${key.epoch}/${key.stream}`;
}

function toLink(row: LinkRow): ChainLink {
  return { from: row.from_seq, to: row.to_seq, hash: row.hash, previousHash: row.previous_hash };
}
