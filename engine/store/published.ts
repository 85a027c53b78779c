import { ENTRY_KINDS, type EntryKind, type PublishedEntry } from "../../protocol/publish/published-file.ts";
import type { Sql } from "../../runtime/sqlite/database.ts";
import { bytesFrom } from "./bulk.ts";

/** Entries that one file takes up; what is more waits an hour. */
const ENTRIES_PER_FILE = 4_000;

/** A published file as the list shows it. */
export interface PublishedHead {
  readonly number: number;
  /** Hours since 1970. */
  readonly hour: number;
}

/** Adds entries for the next file; one that was added before stays as it is. @returns entries that are new */
export async function addEntries(sql: Sql, entries: readonly PublishedEntry[], nowMs: number): Promise<number> {
  let added = 0;
  for (const { kind, key, firstInterval, intervals } of entries) {
    added += await sql.run(
      `INSERT INTO published_entry (kind, key, first_interval, intervals, added_at) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO NOTHING`,
      [ENTRY_KINDS.indexOf(kind), key, firstInterval, intervals, nowMs],
    );
  }
  return added;
}

/** Entries that no file holds yet, the oldest first. */
export async function waitingEntries(sql: Sql): Promise<readonly PublishedEntry[]> {
  const rows = await sql.all<{ kind: number; key: Uint8Array; first_interval: number; intervals: number }>(
    `SELECT kind, key, first_interval, intervals FROM published_entry WHERE number IS NULL
     ORDER BY added_at, kind, key, first_interval LIMIT ?`,
    [ENTRIES_PER_FILE],
  );
  return rows.map((row) => ({
    kind: ENTRY_KINDS[row.kind] as EntryKind,
    key: bytesFrom(row.key),
    firstInterval: row.first_interval,
    intervals: row.intervals,
  }));
}

/** Whether a key stands in a file that anybody may have. */
export async function isPublished(sql: Sql, kind: EntryKind, key: Uint8Array): Promise<boolean> {
  const row = await sql.get("SELECT 1 FROM published_entry WHERE kind = ? AND key = ? AND number IS NOT NULL LIMIT 1", [
    ENTRY_KINDS.indexOf(kind),
    key,
  ]);
  return row !== undefined;
}

/** The last file with its bytes. */
export async function lastFile(sql: Sql): Promise<(PublishedHead & { readonly bytes: Uint8Array }) | null> {
  const row = await sql.get<{ number: number; hour: number; bytes: Uint8Array }>(
    "SELECT number, hour, bytes FROM published_file ORDER BY number DESC LIMIT 1",
  );
  return row ? { number: row.number, hour: row.hour, bytes: bytesFrom(row.bytes) } : null;
}

/** Keeps a file and marks its entries. */
export async function storeFile(
  sql: Sql,
  file: PublishedHead & { readonly bytes: Uint8Array; readonly entries: readonly PublishedEntry[] },
): Promise<void> {
  await sql.run("INSERT INTO published_file (number, hour, bytes) VALUES (?, ?, ?)", [
    file.number,
    file.hour,
    file.bytes,
  ]);
  for (const { kind, key, firstInterval, intervals } of file.entries) {
    await sql.run(
      "UPDATE published_entry SET number = ? WHERE kind = ? AND key = ? AND first_interval = ? AND intervals = ?",
      [file.number, ENTRY_KINDS.indexOf(kind), key, firstInterval, intervals],
    );
  }
}

/** Files that are kept, in order of number. */
export function listFiles(sql: Sql): Promise<readonly PublishedHead[]> {
  return sql.all<{ number: number; hour: number }>("SELECT number, hour FROM published_file ORDER BY number");
}

/** One file as it was signed, or null. */
export async function fileBytes(sql: Sql, number: number): Promise<Uint8Array | null> {
  const row = await sql.get<{ bytes: Uint8Array }>("SELECT bytes FROM published_file WHERE number = ?", [number]);
  return row ? bytesFrom(row.bytes) : null;
}

/** Deletes files of before an hour, save the last, which the next one names; and what they held. */
export async function pruneFiles(sql: Sql, beforeHour: number): Promise<void> {
  await sql.run("DELETE FROM published_file WHERE hour < ? AND number < (SELECT max(number) FROM published_file)", [
    beforeHour,
  ]);
  await sql.run(
    "DELETE FROM published_entry WHERE number IS NOT NULL AND number NOT IN (SELECT number FROM published_file)",
  );
}
