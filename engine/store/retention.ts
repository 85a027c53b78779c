import type { PersonKey } from "../../protocol/ids.ts";
import type { WallMs } from "../../protocol/units.ts";
import type { Database, Sql } from "../../runtime/sqlite/database.ts";

/** Rows deleted by a {@link pruneStore}. */
export interface Pruned {
  readonly events: number;
  readonly visits: number;
  readonly letters: number;
  readonly batches: number;
}

/** Event ids that one transaction looks at, so that ingest never waits long. */
const STEP_IDS = 5_000;

/**
 * Deletes what is older than `beforeMs`: rows and visits by their own time, rows without one by when they were stored, bytes that
 * were put aside, and the batch ledger. Sequence ranges, erasure marks and cases stay, so nothing deleted comes back.
 */
export async function pruneStore(database: Database, beforeMs: WallMs): Promise<Pruned> {
  const events = await pruneEvents(database, beforeMs);
  return database.transaction(async (sql) => {
    const visits =
      (await sql.run("DELETE FROM visit WHERE outer_to < ?", [beforeMs])) +
      (await sql.run(
        "DELETE FROM undated_visit WHERE NOT EXISTS (SELECT 1 FROM event e WHERE e.person = undated_visit.person)",
      ));
    const letters =
      (await sql.run("DELETE FROM dead_letter WHERE stored_at < ?", [beforeMs])) +
      (await sql.run("DELETE FROM quarantine WHERE stored_at < ?", [beforeMs]));
    const batches = await sql.run("DELETE FROM batch WHERE stored_at < ?", [beforeMs]);
    for (const statement of LEFTOVERS) await sql.run(statement, [beforeMs]);
    return { events, visits, letters, batches };
  });
}

const LEFTOVERS = [
  "DELETE FROM rejection WHERE stored_at < ?",
  "DELETE FROM annul WHERE stored_at < ?",
  `DELETE FROM sealing_session WHERE ? IS NOT NULL AND id NOT IN (SELECT session_id FROM event WHERE session_id IS NOT NULL)`,
  `DELETE FROM alias WHERE ? IS NOT NULL AND NOT EXISTS (SELECT 1 FROM event e WHERE e.place_stream = alias.place_stream
     AND e.place_seq = alias.place_seq AND e.digest = alias.digest)`,
  // Of each run the newest old anchor stays: rows of that run may still come, and only it can date them.
  `DELETE FROM anchor WHERE stored_at < ?1 AND EXISTS (SELECT 1 FROM anchor newer WHERE newer.device_id = anchor.device_id
     AND newer.boot = anchor.boot AND newer.stored_at < ?1 AND newer.boottime > anchor.boottime)`,
] as const;

async function pruneEvents(database: Database, beforeMs: WallMs): Promise<number> {
  const bounds = await database.get<{ low: number | null; high: number | null }>(
    "SELECT min(id) low, max(id) high FROM event",
  );
  let deleted = 0;
  for (let from = bounds?.low ?? 1; from <= (bounds?.high ?? 0); from += STEP_IDS) {
    deleted += await database.transaction((sql) => pruneStep(sql, from, beforeMs));
  }
  return deleted;
}

/** Whoever loses a row has the remaining visits built anew. */
async function pruneStep(sql: Sql, from: number, beforeMs: WallMs): Promise<number> {
  const old = `id BETWEEN ?1 AND ?2 AND ((unknown = 0 AND latest < ?3) OR (unknown = 1 AND stored_at < ?3))`;
  const params = [from, from + STEP_IDS - 1, beforeMs];
  await sql.run(
    `INSERT INTO dirty (person) SELECT DISTINCT person FROM event WHERE ${old} AND person IS NOT NULL ON CONFLICT DO NOTHING`,
    params,
  );
  return sql.run(`DELETE FROM event WHERE ${old}`, params);
}

/** Tables of what a case handed in, or may still hand in. */
const HANDED_IN = ["case_key", "case_place", "key_code"] as const;

/**
 * Erases a person: every row, visit and token, what was handed in for their cases, and whatever of theirs still comes in with a time up to
 * now. Visits after that are taken again. Sealed bytes that were put aside stay: nobody can tell whose they are before they are opened.
 * Runs in the caller's transaction. @returns rows deleted
 */
export async function erasePerson(sql: Sql, person: PersonKey, nowMs: WallMs): Promise<number> {
  await sql.run(
    "INSERT INTO erasure (person, until) VALUES (unhex(?), ?) ON CONFLICT DO UPDATE SET until = excluded.until",
    [person, nowMs],
  );
  await sql.run("DELETE FROM visit WHERE person = unhex(?)", [person]);
  await sql.run("DELETE FROM undated_visit WHERE person = unhex(?)", [person]);
  await sql.run("DELETE FROM dirty WHERE person = unhex(?)", [person]);
  await sql.run("DELETE FROM token WHERE person = unhex(?)", [person]);
  for (const table of HANDED_IN) {
    const ofPerson = "case_id IN (SELECT case_id FROM case_person WHERE person = unhex(?))";
    await sql.run(`DELETE FROM ${table} WHERE ${ofPerson}`, [person]);
  }
  return sql.run("DELETE FROM event WHERE person = unhex(?)", [person]);
}
