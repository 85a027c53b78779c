import { RECORD_KINDS } from "../../protocol/checkin/record.ts";
import type { PersonKey } from "../../protocol/ids.ts";
import type { WallMs } from "../../protocol/units.ts";
import type { Database, Sql } from "../../runtime/sqlite/database.ts";
import { longestStays, type Stays } from "../visits/venue-policy.ts";

/** Rows deleted by a {@link pruneStore}. */
export interface Pruned {
  readonly events: number;
  readonly visits: number;
  readonly letters: number;
  readonly batches: number;
}

/** Event ids that one transaction looks at, so that ingest never waits long. */
const STEP_IDS = 5_000;

const IN = RECORD_KINDS.indexOf("in");
const OUT = RECORD_KINDS.indexOf("out");

/** What is too old. */
export interface Horizon {
  readonly beforeMs: WallMs;
  /** How long a stay may be that reaches over the horizon. */
  readonly stays: Stays;
}

/**
 * Deletes what is older than `beforeMs`: rows and slices of visits by their own time, rows without one by when they were stored, bytes
 * that were put aside, and the batch ledger. Sequence ranges, erasure marks and cases stay, so nothing deleted comes back.
 *
 * A check-in stays while its visit may reach over the horizon: until somebody's next scan at that place is too old as well, at most for
 * the place's longest stay more. Without it a later check-out would be a visit of its own, far shorter than the stay was.
 */
export async function pruneStore(database: Database, { beforeMs, stays }: Horizon): Promise<Pruned> {
  const events = await pruneEvents(database, { beforeMs, stays });
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
  "DELETE FROM lost_rows WHERE stored_at < ?",
  "DELETE FROM annul WHERE stored_at < ?",
  "DELETE FROM told_fact WHERE told_at < ?",
  `DELETE FROM sealing_session WHERE ? IS NOT NULL AND id NOT IN (SELECT session_id FROM event WHERE session_id IS NOT NULL)`,
  `DELETE FROM alias WHERE ? IS NOT NULL AND NOT EXISTS (SELECT 1 FROM event e WHERE e.place_stream = alias.place_stream
     AND e.place_seq = alias.place_seq AND e.digest = alias.digest)`,
  // Of each run the newest old anchor stays: rows of that run may still come, and only it can date them.
  `DELETE FROM anchor WHERE stored_at < ?1 AND EXISTS (SELECT 1 FROM anchor newer WHERE newer.device_id = anchor.device_id
     AND newer.boot = anchor.boot AND newer.stored_at < ?1 AND newer.boottime > anchor.boottime)`,
] as const;

async function pruneEvents(database: Database, horizon: Horizon): Promise<number> {
  const bounds = await database.get<{ low: number | null; high: number | null }>(
    "SELECT min(id) low, max(id) high FROM event",
  );
  let deleted = 0;
  for (let from = bounds?.low ?? 1; from <= (bounds?.high ?? 0); from += STEP_IDS) {
    deleted += await database.transaction((sql) => pruneStep(sql, from, horizon));
  }
  return deleted;
}

/** Longest stay at the venue of an event; ?4 has them by type, ?5 is for a venue that nobody registered. */
const LONGEST_STAY = `coalesce((SELECT value->>1 FROM venue v JOIN json_each(?4) ON value->>0 = v.type WHERE v.venue = event.venue), ?5)`;

/** Whether nobody can tell yet when the visit ended that an old check-in began: its person's next scan there is none or younger. */
const MAY_BE_OPEN = `event.kind = ${IN} AND event.person IS NOT NULL AND event.annulled = 0 AND event.latest + ${LONGEST_STAY} >= ?3 AND NOT EXISTS (
  SELECT 1 FROM event next WHERE next.person = event.person AND next.venue = event.venue AND next.kind IN (${IN}, ${OUT})
    AND next.annulled = 0 AND next.unknown = 0 AND next.latest < ?3
    AND (next.earliest + next.latest, next.kind, next.id) > (event.earliest + event.latest, event.kind, event.id))`;

const OLD = `id BETWEEN ?1 AND ?2 AND ((unknown = 1 AND stored_at < ?3) OR (unknown = 0 AND latest < ?3 AND NOT (${MAY_BE_OPEN})))`;

/** Whoever loses a row has the remaining visits built anew. */
async function pruneStep(sql: Sql, from: number, { beforeMs, stays }: Horizon): Promise<number> {
  const longest = longestStays(stays);
  const params = [
    from,
    from + STEP_IDS - 1,
    beforeMs,
    JSON.stringify([...longest]),
    longest.get(stays.fallback) as number,
  ];
  await sql.run(
    `INSERT INTO dirty (person) SELECT DISTINCT person FROM event WHERE ${OLD} AND person IS NOT NULL ON CONFLICT DO NOTHING`,
    params,
  );
  return sql.run(`DELETE FROM event WHERE ${OLD}`, params);
}

/** Tables of what a case handed in, or may still hand in, and of what was told about the people beside it. */
const OF_CASE = ["case_key", "case_place", "key_code", "told_fact"] as const;

/**
 * Erases a person: every row, visit and token, what was handed in and told for their cases, what was told of them, and whatever of theirs
 * still comes in or gets a time up to now (`isErased`). Visits after that are taken again. Sealed bytes that were put aside stay: nobody
 * can tell whose they are before they are opened. Runs in the caller's transaction. @returns rows deleted
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
  await sql.run("DELETE FROM told_fact WHERE person = unhex(?)", [person]);
  for (const table of OF_CASE) {
    const ofPerson = "case_id IN (SELECT case_id FROM case_person WHERE person = unhex(?))";
    await sql.run(`DELETE FROM ${table} WHERE ${ofPerson}`, [person]);
  }
  return sql.run("DELETE FROM event WHERE person = unhex(?)", [person]);
}
