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
];

/** Reads the rows that visits are made of. @param persons in hex @returns by person; persons without rows are absent */
export async function loadPersonEvents(sql: Sql, persons: readonly string[]): Promise<Map<string, PersonEvents>> {
  const rows = await sql.all<{ person: string; events: string }>(
    `SELECT q.value person, json_group_array(json_array(e.kind, e.venue, e.gate, e.earliest, e.latest, e.evidence, e.party,
       e.unknown, e.device_id, e.boot, e.boottime, e.stored_at)) events
     FROM json_each(?) q JOIN event e ON e.person = unhex(q.value)
     WHERE e.annulled = 0 AND e.kind IN (${IN}, ${OUT}) GROUP BY q.key`,
    [JSON.stringify(persons)],
  );
  const found = new Map<string, PersonEvents>(
    rows.map(({ person, events }) => [person, { ...splitEvents(JSON.parse(events) as EventTuple[]), heard: [] }]),
  );
  for (const [person, heard] of await loadHeard(sql, persons)) {
    found.set(person, { ...(found.get(person) ?? { dated: [], undated: [] }), heard });
  }
  return found;
}

async function loadHeard(sql: Sql, persons: readonly string[]): Promise<Map<string, HeardSession[]>> {
  const rows = await sql.all<HeardSession & { readonly person: string }>(
    `SELECT q.value person, e.venue, e.gate, e.earliest, e.latest, p.duration durationMs
     FROM json_each(?) q JOIN event e ON e.person = unhex(q.value) JOIN presence p ON p.event_id = e.id
     WHERE e.kind = ${PRESENCE} AND e.unknown = 0`,
    [JSON.stringify(persons)],
  );
  const found = new Map<string, HeardSession[]>();
  for (const { person, ...session } of rows) {
    const known = found.get(person);
    if (known) known.push(session);
    else found.set(person, [session]);
  }
  return found;
}

function splitEvents(tuples: readonly EventTuple[]): Omit<PersonEvents, "heard"> {
  const dated: VisitEvent[] = [];
  const undated: UndatedEvent[] = [];
  for (const [kind, venue, gate, earliest, latest, evidence, party, unknown, ...stamp] of tuples) {
    const [device, boot, boottimeMs, storedMs] = stamp;
    const scan = { kind: kind === IN ? "in" : "out", venue, gate, evidence, party } as const;
    if (unknown === 0 && earliest !== null && latest !== null) dated.push({ ...scan, earliest, latest });
    else {
      const run = `${device}/${boot}`;
      undated.push({ ...scan, run, boottimeMs, earliest, latest: latestPossible(latest, storedMs) });
    }
  }
  return { dated, undated };
}
