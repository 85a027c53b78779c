import type { Sql } from "../../runtime/sqlite/database.ts";
import { bulkInsert, hexOf } from "./bulk.ts";

/** Something that was put aside, with its bytes. */
export interface DeadLetter {
  readonly hash: Uint8Array;
  readonly reason: string;
  readonly bytes: Uint8Array;
  /** The device that signed it; null when nobody known did. */
  readonly deviceId: number | null;
}

/** Bytes kept of a letter that nobody known signed: enough to see what it was. */
const UNSIGNED_BYTES = 1_024;

/** Letters that nobody known signed; more are counted by the log only. */
export const MAX_UNSIGNED_LETTERS = 10_000;

const insertLetters = bulkInsert(
  "dead_letter",
  ["#hash", "reason", "device_id", "#bytes", "stored_at"],
  "ON CONFLICT DO NOTHING",
);

/** Puts letters aside; the same bytes are kept once. */
export async function storeLetters(sql: Sql, letters: readonly DeadLetter[], storedMs: number): Promise<void> {
  if (letters.length === 0) return;
  const kept = letters.some(({ deviceId }) => deviceId === null) ? await unsignedRoom(sql) : 0;
  await insertLetters(
    sql,
    letters
      .filter(({ deviceId }, at) => deviceId !== null || at < kept)
      .map(({ hash, reason, deviceId, bytes }) => [
        hexOf(hash),
        reason,
        deviceId,
        hexOf(deviceId === null ? bytes.subarray(0, UNSIGNED_BYTES) : bytes),
        storedMs,
      ]),
  );
}

async function unsignedRoom(sql: Sql): Promise<number> {
  const row = await sql.get<{ n: number }>("SELECT count(*) n FROM dead_letter WHERE device_id IS NULL");
  return MAX_UNSIGNED_LETTERS - (row?.n ?? 0);
}
