import { fromHex, toHex } from "../../protocol/bytes.ts";
import { decodeCbor, encodeCbor } from "../../protocol/cbor.ts";
import { decodeRecord } from "../../protocol/checkin/record.ts";
import type { SessionHeader } from "../../protocol/checkin/sealing.ts";
import { MalformedError } from "../../protocol/errors.ts";
import type { VisitorTag } from "../../protocol/ids.ts";
import type { Sql, SqlValue } from "../../runtime/sqlite/database.ts";
import type { LoggedRow } from "./checkin-log.ts";

interface StoredRow {
  readonly seq: number;
  readonly record: Uint8Array;
  readonly tag: Uint8Array | null;
  readonly cut: Uint8Array | null;
}

/** A row as it stands on the disk, with the hash of the batch that it ends, if any. */
export interface DiskRow extends LoggedRow {
  readonly cut: Uint8Array | null;
}

/** SQLite's limit on bound values is 32,766; 4 a row. */
const ROWS_PER_INSERT = 500;

/** Appends rows with one statement for up to 500. Their seqs must follow the last one. */
export async function insertRows(sql: Sql, rows: readonly DiskRow[]): Promise<void> {
  for (let at = 0; at < rows.length; at += ROWS_PER_INSERT) {
    const part = rows.slice(at, at + ROWS_PER_INSERT);
    const marks = part.map(() => "(?, ?, ?, ?)").join(", ");
    const values = part.flatMap(({ record, encoded, tag, cut }): SqlValue[] => [
      record.seq,
      encoded,
      tag && fromHex(tag),
      cut,
    ]);
    await sql.run(`INSERT INTO checkins (seq, record, tag, cut) VALUES ${marks}`, values);
  }
}

/** Reads rows in order of seq. @throws {MalformedError} PROTO_MALFORMED when a stored record is damaged */
export async function selectRows(sql: Sql, from: number, limit: number): Promise<DiskRow[]> {
  const rows = await sql.all<StoredRow>(
    "SELECT seq, record, tag, cut FROM checkins WHERE seq >= ? ORDER BY seq LIMIT ?",
    [from, limit],
  );
  return rows.map(({ record, tag, cut }) => {
    const encoded = new Uint8Array(record);
    return {
      encoded,
      record: decodeRecord(encoded),
      tag: tag && (toHex(tag) as VisitorTag),
      cut: cut && new Uint8Array(cut),
    };
  });
}

/** Writes a sealing session's header under the seq of the first row that uses it. */
export async function insertSession(sql: Sql, firstSeq: number, header: SessionHeader): Promise<void> {
  const { id, matchKeyId, matchEnc, vaultKeyId, vaultEnc } = header;
  await sql.run("INSERT OR REPLACE INTO sessions (id, header) VALUES (?, ?)", [
    firstSeq,
    encodeCbor([id, matchKeyId, matchEnc, vaultKeyId, vaultEnc]),
  ]);
}

/** Reads every header that is still on the disk, by session id in hex. */
export async function selectSessions(sql: Sql): Promise<Map<string, SessionHeader>> {
  const rows = await sql.all<{ header: Uint8Array }>("SELECT header FROM sessions ORDER BY id");
  return new Map(
    rows.map(({ header }) => {
      const fields = decodeCbor(new Uint8Array(header));
      if (!Array.isArray(fields) || fields.length !== 5)
        throw new MalformedError("sealing session damaged in the ledger");
      const [id, matchKeyId, matchEnc, vaultKeyId, vaultEnc] = fields as [
        Uint8Array,
        Uint8Array,
        Uint8Array,
        Uint8Array,
        Uint8Array,
      ];
      return [toHex(id), { id, matchKeyId, matchEnc, vaultKeyId, vaultEnc }];
    }),
  );
}

/** Deletes rows up to `upto` and the sessions that no later row uses. @returns rows deleted */
export async function deleteRows(sql: Sql, upto: number): Promise<number> {
  const deleted = await sql.run("DELETE FROM checkins WHERE seq <= ?", [upto]);
  await sql.run("DELETE FROM sessions WHERE id < (SELECT max(id) FROM sessions WHERE id <= ?)", [upto + 1]);
  return deleted;
}
