import type { Sql, SqlValue } from "../../runtime/sqlite/database.ts";

/** Column names of a bulk statement in order; a leading `#` marks bytes, which travel as hex. */
export type BulkColumns = readonly string[];

/** Bytes as hex, the way a bulk statement takes them. */
export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex");
}

/**
 * Makes an INSERT that takes all its rows as one JSON array: one call across the driver's thread border instead of one a row.
 *
 * @param tail what follows the SELECT, for example `ON CONFLICT DO NOTHING`
 */
export function bulkInsert(table: string, columns: BulkColumns, tail = ""): BulkInsert {
  const names = columns.map((column) => column.replace("#", "")).join(", ");
  const values = columns.map(valueAt).join(", ");
  const text = `INSERT INTO ${table} (${names}) SELECT ${values} FROM json_each(?) WHERE true ${tail}`;
  return async (sql, rows) => (rows.length === 0 ? 0 : sql.run(text, [JSON.stringify(rows)]));
}

/** Inserts rows; bytes must be given as hex. @returns rows changed */
export type BulkInsert = (sql: Sql, rows: readonly (readonly (string | number | null)[])[]) => Promise<number>;

/** SQL of the value at a position of the JSON rows; `q` when the rows are those of `json_each(?) q`. */
export function valueAt(column: string, at: number): string {
  return column.startsWith("#") ? `unhex(value->>${at})` : `value->>${at}`;
}

/** Bytes from the driver as a plain Uint8Array. */
export function bytesFrom(value: SqlValue): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new TypeError("not a BLOB column");
  return new Uint8Array(value.buffer, value.byteOffset, value.length);
}
