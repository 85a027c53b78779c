import { RECORD_KINDS } from "../../protocol/checkin/record.ts";
import type { Sql } from "../../runtime/sqlite/database.ts";
import { latestPossible } from "../visits/event-time.ts";
import type { UndatedEvent } from "../visits/pair-undated.ts";
import type { HeardSession } from "../visits/radio-visits.ts";
import type { VisitEvent } from "../visits/visit.ts";

/** One person's check-ins and check-outs, split by whether their time is known, and what was heard of the person's token. */
export interface PersonEvents {
  readonly dated: readonly VisitEvent[];
  readonly undated: readonly UndatedEvent[];
  /** Sessions of the person's own token. */
  readonly heard: readonly HeardSession[];
}

const IN = RECORD_KINDS.indexOf("in");
const OUT = RECORD_KINDS.indexOf("out");
const PRESENCE = RECORD_KINDS.indexOf("presence");

/** Columns of one event in the JSON that the database builds: one text a person crosses the thread border, not one value a column. */
type EventTuple = readonly [
  kind: number,
  venue: number,
  gate: number,
  earliest: number | null,
  latest: number | null,
  evidence: number,
  party: number,
  unknown: number,
  device: number,
  boot: number,
  boottime: number,
  stored: number,
  /** How long a token was heard; null for a scan. */
  duration: number | null,
];

/** Reads the rows that visits are made of. @param persons in hex @returns by person; persons without rows are absent */
export async function loadPersonEvents(sql: Sql, persons: readonly string[]): Promise<Map<string, PersonEvents>> {
  const rows = await sql.all<{ person: string; events: string }>(
    `SELECT q.value person, json_group_array(json_array(e.kind, e.venue, e.gate, e.earliest, e.latest, e.evidence, e.party,
       e.unknown, e.device_id, e.boot, e.boottime, e.stored_at,
       CASE WHEN e.kind = ${PRESENCE} THEN (SELECT p.duration FROM presence p WHERE p.event_id = e.id) END)) events
     FROM json_each(?) q JOIN event e ON e.person = unhex(q.value)
     WHERE e.annulled = 0 AND e.kind IN (${IN}, ${OUT}, ${PRESENCE}) GROUP BY q.key`,
    [JSON.stringify(persons)],
  );
  return new Map(rows.map(({ person, events }) => [person, splitEvents(JSON.parse(events) as EventTuple[])]));
}

function splitEvents(tuples: readonly EventTuple[]): PersonEvents {
  const dated: VisitEvent[] = [];
  const undated: UndatedEvent[] = [];
  const heard: HeardSession[] = [];
  for (const [kind, venue, gate, earliest, latest, evidence, party, unknown, ...stamp] of tuples) {
    const [device, boot, boottimeMs, storedMs, durationMs] = stamp;
    const isDated = unknown === 0 && earliest !== null && latest !== null;
    if (kind === PRESENCE) {
      if (isDated && durationMs !== null) heard.push({ venue, gate, earliest, latest, durationMs });
      continue;
    }
    const scan = { kind: kind === IN ? "in" : "out", venue, gate, evidence, party } as const;
    if (isDated) dated.push({ ...scan, earliest, latest });
    else {
      const run = `${device}/${boot}`;
      undated.push({ ...scan, run, boottimeMs, earliest, latest: latestPossible(latest, storedMs) });
    }
  }
  return { dated, undated, heard };
}
