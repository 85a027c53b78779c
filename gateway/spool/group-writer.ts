import type { WallMs } from "../../protocol/units.ts";
import type { Sql } from "../../runtime/sqlite/database.ts";
import type { WriteTurn } from "../../runtime/sqlite/turn.ts";
import type { ChainLink } from "./chain.ts";
import { GrowingBlob } from "./growing-blob.ts";
import type { QuarantineReason, Sender } from "./spool.ts";

/** Messages put aside that are kept to look at; older ones leave their number in `counts` only. */
export const MAX_QUARANTINE_ROWS = 1_000;

/** Decimal digits of each number of a row, in order: stream, from, to, offset into the bytes, length, prefix. */
const WIDTHS = [10, 10, 10, 10, 8, 10] as const;
const ROW_BYTES = WIDTHS.reduce((sum: number, width) => sum + width, 0);

/**
 * One statement a group, whatever its size: all bytes in one blob, all numbers in another, as decimal digits of fixed width.
 *
 * The `sqlite3` package pays for each bound value on the main thread. Measured with 1,300-byte batches in groups of 800: 0.8 us a row
 * there this way, against 2.7 to 3.4 us with one row of parameters each. Unpacking runs in SQLite's own thread: 8.9 us a row with its
 * insert, against 12 us from a JSON text, which is parsed anew for every number.
 */
const INSERT_GROUP = `WITH RECURSIVE rows (at) AS (SELECT 1 UNION ALL SELECT at + ${ROW_BYTES} FROM rows WHERE at + ${ROW_BYTES} < length(?2))
  INSERT INTO batches (stream_id, from_seq, to_seq, hash, previous_hash, body, prefix_id, received_ms)
  SELECT ${number(0)}, ${number(1)}, ${number(2)}, substr(?1, ${number(3)}, 32), substr(?1, ${number(3)} + 32, 32),
    substr(?1, ${number(3)} + 64, ${number(4)}), ${number(5)}, ?3
  FROM rows`;

/** The SQL of one of a row's numbers. */
function number(which: number): string {
  const before = WIDTHS.slice(0, which).reduce((sum: number, width) => sum + width, 0);
  return `CAST(substr(?2, at + ${before}, ${WIDTHS[which]}) AS INTEGER)`;
}

interface PutAside extends Sender {
  readonly reason: QuarantineReason;
  readonly body: Uint8Array;
}

/** The two blobs of a group; used again from group to group, since allocating megabytes each time kept the collector busy. */
export class GroupRoom {
  readonly bytes = new GrowingBlob();
  readonly numbers = new GrowingBlob();
}

/** Gathers what one commit writes. */
export class GroupWriter {
  readonly #nowMs: WallMs;
  readonly #blob: GrowingBlob;
  readonly #rows: GrowingBlob;
  #aside: PutAside[] = [];
  #bytes = 0;
  #again: (readonly [streamId: number, from: number])[] = [];

  /** @param room emptied, and this writer's until it has concluded */
  constructor(room: GroupRoom, nowMs: WallMs) {
    this.#blob = room.bytes;
    this.#rows = room.numbers;
    this.#blob.clear();
    this.#rows.clear();
    this.#nowMs = nowMs;
  }

  /** Bytes of rows given to the database so far, about. */
  get bytes(): number {
    return this.#bytes;
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
    this.#rows.appendNumber(place.streamId, WIDTHS[0]);
    this.#rows.appendNumber(link.from, WIDTHS[1]);
    this.#rows.appendNumber(link.to, WIDTHS[2]);
    this.#rows.appendNumber(offset, WIDTHS[3]);
    this.#rows.appendNumber(bytes, WIDTHS[4]);
    this.#rows.appendNumber(place.prefixId, WIDTHS[5]);
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
    const inserted = run(INSERT_GROUP, [this.#blob.bytes, this.#rows.bytes, this.#nowMs]);
    this.#bytes += this.#blob.length + this.#rows.length;
    this.#rows.clear(); // the driver has copied both: values are bound before `run` returns
    this.#blob.clear();
    await inserted;
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
