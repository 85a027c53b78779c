/** A value that SQLite stores; integers must be safe integers. */
export type SqlValue = string | number | null | Uint8Array;
export type SqlParams = readonly SqlValue[];
export type SqlRow = Record<string, SqlValue>;

/** Statements that may be sent within a transaction or on their own. Every call must be awaited: unawaited ones run out of order. */
export interface Sql {
  /** Runs one statement. @returns rows changed @throws {StoreError} RT_STORE_FAILED */
  run(sql: string, params?: SqlParams): Promise<number>;
  /** Reads all rows. @throws {StoreError} RT_STORE_FAILED */
  all<Row extends object = SqlRow>(sql: string, params?: SqlParams): Promise<Row[]>;
  /** Reads the first row. @throws {StoreError} RT_STORE_FAILED */
  get<Row extends object = SqlRow>(sql: string, params?: SqlParams): Promise<Row | undefined>;
}
