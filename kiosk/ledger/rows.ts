import { fromHex, toHex } from "../../protocol/bytes.ts";
import { decodeCbor, encodeCbor } from "../../protocol/cbor.ts";
import { decodeRecord } from "../../protocol/checkin/record.ts";
import type { SessionHeader } from "../../protocol/checkin/sealing.ts";
import { MalformedError } from "../../protocol/errors.ts";
import type { Stream, VisitorTag } from "../../protocol/ids.ts";
import type { Sql, SqlValue } from "../../runtime/sqlite/database.ts";
import type { LoggedRow } from "./checkin-log.ts";
import { bytesOf, stored } from "./stored.ts";

/** Columns as they come: on a worn card they may hold anything. */
interface StoredRow {
  readonly seq: number;
  readonly record: SqlValue;
  readonly tag: SqlValue;
  readonly cut: SqlValue;
}

/** A row as it stands on the disk, with the hash of the batch that it ends, if any. */
export interface DiskRow extends LoggedRow {
  readonly cut: Uint8Array | null;
}

const TAG_BYTES = 16;
const HASH_BYTES = 32;
/** Rows that one statement writes: SQLite's limit on bound values is 32,766; 4 a row. */
export const ROWS_PER_INSERT = 500;

/** The two tables of one stream: its rows, and the sealing sessions that they use. */
export class StreamTables {
  readonly #rows: string;
  readonly #sessions: string;

  constructor(rows: string, sessions: string) {
    this.#rows = rows;
    this.#sessions = sessions;
  }

  /** Appends rows with one statement for up to 500. Their seqs must follow the last one. */
  async insertRows(sql: Pick<Sql, "run">, rows: readonly DiskRow[]): Promise<void> {
    for (let at = 0; at < rows.length; at += ROWS_PER_INSERT) {
      const part = rows.slice(at, at + ROWS_PER_INSERT);
      const marks = part.map(() => "(?, ?, ?, ?)").join(", ");
      const values = part.flatMap(({ record, encoded, tag, cut }): SqlValue[] => [
        record.seq,
        encoded,
        tag && fromHex(tag),
        cut,
      ]);
      await sql.run(`INSERT INTO ${this.#rows} (seq, record, tag, cut) VALUES ${marks}`, values);
    }
  }

  /** Reads rows in order of seq. @throws {StoreCorruptError} RT_STORE_CORRUPT when one is damaged */
  async selectRows(sql: Sql, from: number, limit: number): Promise<DiskRow[]> {
    const rows = await sql.all<StoredRow>(
      `SELECT seq, record, tag, cut FROM ${this.#rows} WHERE seq >= ? ORDER BY seq LIMIT ?`,
      [from, limit],
    );
    return rows.map((row) => stored(() => rowOf(row), { seq: row.seq }));
  }

  /** Reads one row without its batch's hash, of which a salvage has no use. @throws {StoreCorruptError} RT_STORE_CORRUPT when it is damaged */
  async selectRecord(sql: Sql, seq: number): Promise<DiskRow | undefined> {
    const row = await sql.get<StoredRow>(`SELECT seq, record, tag, NULL AS cut FROM ${this.#rows} WHERE seq = ?`, [
      seq,
    ]);
    return row && stored(() => rowOf(row), { seq });
  }

  /** The first seq on the disk from `seq` on, or null; whether its row decodes or not. */
  async seqFrom(sql: Sql, seq: number): Promise<number | null> {
    const row = await sql.get<{ seq: number }>(`SELECT seq FROM ${this.#rows} WHERE seq >= ? ORDER BY seq LIMIT 1`, [
      seq,
    ]);
    return row?.seq ?? null;
  }

  /** How many rows there are, and the last seq; null without rows. */
  async count(sql: Sql): Promise<{ readonly rows: number; readonly last: number | null }> {
    const found = await sql.get<{ n: number; last: number | null }>(
      `SELECT count(*) AS n, max(seq) AS last FROM ${this.#rows}`,
    );
    return { rows: found?.n ?? 0, last: found?.last ?? null };
  }

  /** First or last seq on the disk; undefined without rows. */
  async edge(sql: Sql, order: "ASC" | "DESC"): Promise<number | undefined> {
    const row = await sql.get<{ seq: number }>(`SELECT seq FROM ${this.#rows} ORDER BY seq ${order} LIMIT 1`);
    return row?.seq;
  }

  /** The hash of the batch that ends with this row, or null. */
  async cutAt(sql: Sql, seq: number): Promise<Uint8Array | null> {
    const row = await sql.get<{ cut: SqlValue }>(`SELECT cut FROM ${this.#rows} WHERE seq = ?`, [seq]);
    return row === undefined || row.cut === null ? null : hashOf(row.cut, seq);
  }

  /** Fixes a batch's end. */
  async setCut(sql: Sql, seq: number, hash: Uint8Array): Promise<void> {
    await sql.run(`UPDATE ${this.#rows} SET cut = ? WHERE seq = ?`, [hash, seq]);
  }

  /** The first batch that ends at `seq` or behind; null when none does. */
  async firstCutFrom(sql: Sql, seq: number): Promise<{ upto: number; hash: Uint8Array } | null> {
    return this.#cut(sql, "seq >= ? AND", "ASC", [seq]);
  }

  /** The last batch that was cut; null before the first. */
  async lastCut(sql: Sql): Promise<{ upto: number; hash: Uint8Array } | null> {
    return this.#cut(sql, "", "DESC", []);
  }

  /** Writes a sealing session's header under the seq of the first row that uses it. */
  async insertSession(sql: Sql, firstSeq: number, header: SessionHeader): Promise<void> {
    const { id, matchKeyId, matchEnc, vaultKeyId, vaultEnc } = header;
    await sql.run(`INSERT OR REPLACE INTO ${this.#sessions} (id, header) VALUES (?, ?)`, [
      firstSeq,
      encodeCbor([id, matchKeyId, matchEnc, vaultKeyId, vaultEnc]),
    ]);
  }

  /** Reads every header that is still on the disk, by session id in hex. @throws {StoreCorruptError} RT_STORE_CORRUPT when one is damaged */
  async selectSessions(sql: Sql): Promise<Map<string, SessionHeader>> {
    const rows = await sql.all<StoredSession>(`SELECT id, header FROM ${this.#sessions} ORDER BY id`);
    return new Map(rows.map(sessionOf));
  }

  /** Reads the header that was written with the row `firstSeq`. @throws {StoreCorruptError} RT_STORE_CORRUPT when it is damaged */
  async selectSession(sql: Sql, firstSeq: number): Promise<SessionHeader | undefined> {
    const row = await sql.get<StoredSession>(`SELECT id, header FROM ${this.#sessions} WHERE id = ?`, [firstSeq]);
    return row && sessionOf(row)[1];
  }

  /** The first seq from `seq` on that a header was written with, or null. */
  async sessionFrom(sql: Sql, seq: number): Promise<number | null> {
    const row = await sql.get<{ id: number }>(`SELECT id FROM ${this.#sessions} WHERE id >= ? ORDER BY id LIMIT 1`, [
      seq,
    ]);
    return row?.id ?? null;
  }

  /** Deletes rows up to `upto` and the sessions that no later row uses. @returns how many rows went, and the ids of the sessions in hex */
  async deleteRows(sql: Sql, upto: number): Promise<{ readonly rows: number; readonly sessions: readonly string[] }> {
    const rows = await sql.run(`DELETE FROM ${this.#rows} WHERE seq <= ?`, [upto]);
    const table = this.#sessions;
    const gone = await sql.all<StoredSession>(
      `DELETE FROM ${table} WHERE id < (SELECT max(id) FROM ${table} WHERE id <= ?) RETURNING id, header`,
      [upto + 1],
    );
    return { rows, sessions: gone.map((session) => sessionOf(session)[0]) };
  }

  /** Empties both tables. */
  async clear(sql: Sql): Promise<void> {
    await sql.run(`DELETE FROM ${this.#rows}`);
    await sql.run(`DELETE FROM ${this.#sessions}`);
  }

  async #cut(
    sql: Sql,
    where: string,
    order: "ASC" | "DESC",
    values: readonly SqlValue[],
  ): Promise<{ upto: number; hash: Uint8Array } | null> {
    const row = await sql.get<{ seq: number; cut: SqlValue }>(
      `SELECT seq, cut FROM ${this.#rows} WHERE ${where} cut IS NOT NULL ORDER BY seq ${order} LIMIT 1`,
      values,
    );
    return row ? { upto: row.seq, hash: hashOf(row.cut, row.seq) } : null;
  }
}

/** The tables of each stream. */
export const TABLES: Readonly<Record<Stream, StreamTables>> = {
  c: new StreamTables("checkins", "sessions"),
  p: new StreamTables("presence", "presence_sessions"),
};

interface StoredSession {
  readonly id: number;
  readonly header: SqlValue;
}

function rowOf({ seq, record, tag, cut }: StoredRow): DiskRow {
  const encoded = bytesOf(record);
  const decoded = decodeRecord(encoded);
  if (decoded.seq !== seq) throw new MalformedError("a record in the place of another");
  return {
    encoded,
    record: decoded,
    tag: tag === null ? null : (toHex(bytesOf(tag, TAG_BYTES)) as VisitorTag),
    cut: cut === null ? null : bytesOf(cut, HASH_BYTES),
  };
}

function hashOf(cut: SqlValue, seq: number): Uint8Array {
  return stored(() => bytesOf(cut, HASH_BYTES), { seq });
}

function sessionOf({ id, header }: StoredSession): [string, SessionHeader] {
  return stored(() => headerOf(bytesOf(header)), { session: id });
}

function headerOf(bytes: Uint8Array): [string, SessionHeader] {
  const fields = decodeCbor(bytes);
  if (!Array.isArray(fields) || fields.length !== 5) throw new MalformedError("not a sealing session");
  const id = bytesOf(fields[0], 8);
  const header = {
    id,
    matchKeyId: bytesOf(fields[1], 8),
    matchEnc: bytesOf(fields[2], 32),
    vaultKeyId: bytesOf(fields[3], 8),
    vaultEnc: bytesOf(fields[4], 32),
  };
  return [toHex(id), header];
}
