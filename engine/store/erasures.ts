import type { Sql } from "../../runtime/sqlite/database.ts";
import type { EventTime } from "../visits/event-time.ts";

/** Persons (hex) whose rows up to a time must not come back. */
export type Erasures = ReadonlyMap<string, number>;

/** Reads all erasure marks: there is one for each person who asked, so they are few. */
export async function loadErasures(sql: Sql): Promise<Erasures> {
  const rows = await sql.all<{ person: string; until: number }>("SELECT lower(hex(person)) person, until FROM erasure");
  return new Map(rows.map(({ person, until }) => [person, until]));
}

/** Whether a row belongs to what its person had erased; a row without a time does. */
export function isErased(erasures: Erasures, person: string | null, time: EventTime): boolean {
  const until = person === null ? undefined : erasures.get(person);
  return until !== undefined && (time.latest === null || time.latest <= until);
}
