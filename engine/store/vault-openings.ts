import type { PersonKey } from "../../protocol/ids.ts";
import { type ChainedOpening, NO_OPENINGS, type OpeningsHead } from "../../protocol/publish/opening-record.ts";
import type { WallMs } from "../../protocol/units.ts";
import type { Sql } from "../../runtime/sqlite/database.ts";
import { bytesFrom } from "./bulk.ts";

interface OpeningRow {
  readonly n: number;
  readonly opened_at: number;
  readonly case_id: string;
  readonly reason: string;
  readonly persons: string;
  readonly previous: Uint8Array;
  readonly hash: Uint8Array;
}

/** The last opening on record. */
export async function openingsHead(sql: Sql): Promise<OpeningsHead> {
  const row = await sql.get<{ n: number; hash: Uint8Array }>(
    "SELECT n, hash FROM vault_opening ORDER BY n DESC LIMIT 1",
  );
  return row ? { count: row.n, hash: bytesFrom(row.hash) } : NO_OPENINGS;
}

/** Puts an opening on record. */
export async function addOpening(sql: Sql, record: ChainedOpening): Promise<void> {
  const { n, openedMs, caseId, reason, persons, previous, hash } = record;
  await sql.run(
    "INSERT INTO vault_opening (n, opened_at, case_id, reason, persons, previous, hash) VALUES (?, ?, ?, ?, ?, ?, ?)",
    [n, openedMs, caseId, reason, JSON.stringify(persons), previous, hash],
  );
}

/** Every opening, in order. */
export async function listOpenings(sql: Sql): Promise<readonly ChainedOpening[]> {
  const rows = await sql.all<OpeningRow>("SELECT * FROM vault_opening ORDER BY n");
  return rows.map((row) => ({
    n: row.n,
    openedMs: row.opened_at as WallMs,
    caseId: row.case_id,
    reason: row.reason,
    persons: JSON.parse(row.persons) as PersonKey[],
    previous: bytesFrom(row.previous),
    hash: bytesFrom(row.hash),
  }));
}
