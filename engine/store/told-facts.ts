import type { PersonKey } from "../../protocol/ids.ts";
import type { WallMs } from "../../protocol/units.ts";
import type { Sql } from "../../runtime/sqlite/database.ts";
import { FACTS, type Fact, type ToldFacts } from "../rules/facts.ts";

/** What somebody said about a person beside a case. */
export interface Telling {
  readonly caseId: string;
  readonly person: PersonKey;
  /** Null takes back what was told before. */
  readonly facts: Readonly<Partial<Record<Fact, boolean | null>>>;
}

/** Writes down what an officer was told; runs in a transaction. Facts that are not named stay as they were. */
export async function noteTold(sql: Sql, { caseId, person, facts }: Telling, nowMs: WallMs): Promise<void> {
  for (const fact of FACTS) {
    const value = facts[fact];
    if (value === undefined) continue;
    if (value === null)
      await sql.run("DELETE FROM told_fact WHERE case_id = ? AND person = unhex(?) AND fact = ?", [
        caseId,
        person,
        fact,
      ]);
    else
      await sql.run(
        `INSERT INTO told_fact (case_id, person, fact, value, told_at) VALUES (?, unhex(?), ?, ?, ?)
         ON CONFLICT DO UPDATE SET value = excluded.value, told_at = excluded.told_at`,
        [caseId, person, fact, value ? 1 : 0, nowMs],
      );
  }
}

/** Everything that was told about the persons beside a case. */
export async function toldOf(sql: Sql, caseId: string): Promise<ReadonlyMap<PersonKey, ToldFacts>> {
  const rows = await sql.all<{ person: PersonKey; fact: string; value: number }>(
    "SELECT lower(hex(person)) person, fact, value FROM told_fact WHERE case_id = ?",
    [caseId],
  );
  const told = new Map<PersonKey, Partial<Record<Fact, boolean>>>();
  for (const { person, fact, value } of rows) {
    const known = FACTS.find((name) => name === fact);
    if (known) told.set(person, { ...told.get(person), [known]: value === 1 });
  }
  return told;
}
