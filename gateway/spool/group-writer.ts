import type { WallMs } from "../../protocol/units.ts";
import type { Sql } from "../../runtime/sqlite/database.ts";
import type { WriteTurn } from "../../runtime/sqlite/turn.ts";
import type { ChainLink } from "./chain.ts";
import type { QuarantineReason, Sender } from "./spool.ts";

/** Messages put aside that are kept to look at; older ones leave their number in `counts` only. */
export const MAX_QUARANTINE_ROWS = 1_000;

/**
 * One statement a group, whatever its size: all bytes in one blob, all numbers in one JSON text.
 *
 * The `sqlite3` package pays for each bound value on the main thread. Measured with 1,300-byte batches in groups of 800: 0.8 us a row
 * there this way, against 2.7 to 3.4 us with one row of parameters each; unpacking runs in SQLite's own thread.
 */
const INSERT_GROUP = `INSERT INTO batches (stream_id, from_seq, to_seq, hash, previous_hash, body, prefix_id, received_ms)
  SELECT value ->> 0, value ->> 1, value ->> 2, substr(?1, value ->> 3, 32), substr(?1, (value ->> 3) + 32, 32),
    substr(?1, (value ->> 3) + 64, value ->> 4), value ->> 5, ?3
  FROM json_each(?2)`;

const MAX_KEPT_BYTES = 8 << 20;

interface PutAside extends Sender {
  readonly reason: QuarantineReason;
  readonly body: Uint8Array;
}

/** Gathers what one commit writes. */
export class GroupWriter {
  readonly #nowMs: WallMs;
  readonly #blob: GrowingBlob;
  #rows: string[] = [];
  #aside: PutAside[] = [];
  #again: (readonly [streamId: number, from: number])[] = [];

  /** @param blob used again from group to group: allocating megabytes each time kept the collector busy */
  constructor(blob: GrowingBlob, nowMs: WallMs) {
    this.#blob = blob;
    blob.clear();
    this.#nowMs = nowMs;
  }

  /** @param message the whole message, of which the first `prefixBytes` are what `prefixId` stands for */
  insert(
    place: { readonly streamId: number; readonly prefixId: number; readonly prefixBytes: number },
    link: ChainLink,
    message: Uint8Array,
  ): void {
    const offset = this.#blob.length + 1; // SQLite counts from 1
    this.#blob.append(link.hash);
    this.#blob.append(link.previousHash);
    this.#blob.append(message, place.prefixBytes);
    const bytes = message.length - place.prefixBytes;
    this.#rows.push(`[${place.streamId},${link.from},${link.to},${offset},${bytes},${place.prefixId}]`);
  }

  quarantine(message: PutAside): void {
    this.#aside.push(message);
  }

  /** A device sent a batch again that the engine was thought to have: the engine is asked again. */
  redeliver(streamId: number, from: number): void {
    this.#again.push([streamId, from]);
  }

  /** Writes everything gathered so far; the usual group is one statement, and no transaction is begun for it. */
  async conclude(turn: WriteTurn): Promise<void> {
    const isPlain = !turn.begun && this.#aside.length === 0 && this.#again.length === 0;
    if (!isPlain) await this.flush(await turn.begin());
    else if (this.#rows.length > 0) await this.#insertAll((sql, params) => turn.single(sql, params));
  }

  /** Writes everything gathered so far into the transaction. */
  async flush(sql: Sql): Promise<void> {
    const [aside, again] = [this.#aside, this.#again];
    [this.#aside, this.#again] = [[], []];
    if (this.#rows.length > 0) await this.#insertAll((text, params) => sql.run(text, params));
    for (const place of again) {
      await sql.run("UPDATE batches SET delivered = 0 WHERE stream_id = ? AND from_seq = ? AND delivered = 1", place);
    }
    for (const message of aside) await putAside(sql, message, this.#nowMs);
    if (aside.length > 0) await trimQuarantine(sql);
  }

  async #insertAll(run: Sql["run"]): Promise<void> {
    const inserted = run(INSERT_GROUP, [this.#blob.bytes, `[${this.#rows.join(",")}]`, this.#nowMs]);
    this.#rows = [];
    this.#blob.clear(); // the driver has copied it: values are bound before `run` returns
    await inserted;
  }
}

/** Bytes put one after another into a buffer that grows and is used again. */
export class GrowingBlob {
  #buffer = Buffer.allocUnsafe(1 << 16);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** What was appended; valid until the next change. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  /** @param start first byte to take */
  append(bytes: Uint8Array, start = 0): void {
    const end = this.#length + bytes.length - start;
    if (end > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(2 ** Math.ceil(Math.log2(end)));
      larger.set(this.#buffer.subarray(0, this.#length));
      this.#buffer = larger;
    }
    if (Buffer.isBuffer(bytes)) bytes.copy(this.#buffer, this.#length, start);
    else this.#buffer.set(start === 0 ? bytes : bytes.subarray(start), this.#length);
    this.#length = end;
  }

  /** Empties it; a buffer that one huge group made large is given back. */
  clear(): void {
    this.#length = 0;
    if (this.#buffer.length > MAX_KEPT_BYTES) this.#buffer = Buffer.allocUnsafe(1 << 16);
  }
}

async function putAside(sql: Sql, message: PutAside, nowMs: WallMs): Promise<void> {
  const { device, leaf, reason, body } = message;
  await sql.run("INSERT INTO quarantine (device, leaf, reason, body, at_ms) VALUES (?, ?, ?, ?, ?)", [
    device,
    leaf,
    reason,
    body,
    nowMs,
  ]);
  await countOne(sql, reason);
}

/** Adds one to a total that outlives the rows it counts. */
export async function countOne(sql: Sql, name: QuarantineReason): Promise<void> {
  await sql.run("INSERT INTO counts (name, n) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET n = n + 1", [name]);
}

/** Keeps the newest {@link MAX_QUARANTINE_ROWS}. */
export async function trimQuarantine(sql: Sql): Promise<void> {
  await sql.run("DELETE FROM quarantine WHERE id <= (SELECT max(id) FROM quarantine) - ?", [MAX_QUARANTINE_ROWS]);
}
