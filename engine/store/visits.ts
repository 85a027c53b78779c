import type { Sql } from "../../runtime/sqlite/database.ts";
import type { UndatedVisit } from "../visits/pair-undated.ts";
import { END_REASONS, START_REASONS, sliceVisit, type Visit } from "../visits/visit.ts";
import { bulkInsert } from "./bulk.ts";

/** One row of a table of visits: key columns first (venue, then the rest), person left out. */
type Cells = readonly (number | null)[];

/** A table of visits, kept per person by writing only what differs. */
interface VisitTable {
  readonly name: "visit" | "undated_visit";
  /** Columns after the person, in the order of the cells. */
  readonly columns: readonly string[];
  /** How many of the columns, together with the person, are the primary key. */
  readonly keys: number;
}

const VISITS: VisitTable = {
  name: "visit",
  keys: 3,
  columns: [
    "venue",
    "outer_from",
    "ordinal",
    "inner_from",
    "inner_to",
    "outer_to",
    "visit_from",
    "gate_in",
    "gate_out",
    "start_evidence",
    "end_evidence",
    "start_reason",
    "end_reason",
    "party",
  ],
};

const UNDATED: VisitTable = {
  name: "undated_visit",
  keys: 2,
  columns: [
    "venue",
    "ordinal",
    "earliest",
    "latest",
    "length",
    "gate_in",
    "gate_out",
    "start_evidence",
    "end_evidence",
    "party",
  ],
};

/** What one person's visits should be; `person` in hex. */
export interface PersonVisits {
  readonly person: string;
  readonly visits: readonly Visit[];
  readonly undated: readonly UndatedVisit[];
}

/** Makes the stored visits of these persons what they should be. @param beforeMs slices that ended before are not kept */
export async function saveVisits(sql: Sql, persons: readonly PersonVisits[], beforeMs: number): Promise<void> {
  const stored = await loadCells(
    sql,
    persons.map(({ person }) => person),
  );
  const slices = persons.map(({ person, visits }) => ({ person, wanted: sliceRows(visits, beforeMs) }));
  await saveTable(sql, VISITS, { persons: slices, stored: stored.visit });
  const undated = persons.map((one) => ({ person: one.person, wanted: undatedRows(one.undated) }));
  await saveTable(sql, UNDATED, { persons: undated, stored: stored.undated_visit });
}

function sliceRows(visits: readonly Visit[], beforeMs: number): readonly Cells[] {
  const kept = visits.flatMap(sliceVisit).filter(({ outerTo }) => outerTo >= beforeMs);
  const rows = kept.map((slice) => ({
    key: [slice.venue, slice.outerFrom],
    rest: [
      slice.innerFrom,
      slice.innerTo,
      slice.outerTo,
      slice.visitFrom,
      slice.gateIn,
      slice.gateOut,
      slice.startEvidence,
      slice.endEvidence,
      START_REASONS.indexOf(slice.startReason),
      END_REASONS.indexOf(slice.endReason),
      slice.party,
    ],
  }));
  return numbered(rows);
}

function undatedRows(visits: readonly UndatedVisit[]): readonly Cells[] {
  const rows = visits.map((visit) => ({
    key: [visit.venue],
    rest: [
      visit.earliest,
      visit.latest,
      visit.lengthMs,
      visit.gateIn,
      visit.gateOut,
      visit.startEvidence,
      visit.endEvidence,
      visit.party,
    ],
  }));
  return numbered(rows);
}

/** Gives rows of one key their ordinals in an order that depends on their content only. */
function numbered(
  rows: readonly { readonly key: readonly number[]; readonly rest: readonly (number | null)[] }[],
): readonly Cells[] {
  const ordered = rows
    .map((row) => ({ ...row, text: `${row.key.join()}|${row.rest.join()}` }))
    .sort((left, right) => (left.text < right.text ? -1 : left.text > right.text ? 1 : 0));
  const counts = new Map<string, number>();
  return ordered.map(({ key, rest }) => {
    const name = key.join();
    const ordinal = counts.get(name) ?? 0;
    counts.set(name, ordinal + 1);
    return [...key, ordinal, ...rest];
  });
}

async function saveTable(
  sql: Sql,
  table: VisitTable,
  {
    persons,
    stored,
  }: {
    readonly persons: readonly { readonly person: string; readonly wanted: readonly Cells[] }[];
    readonly stored: CellsOfPersons;
  },
): Promise<void> {
  const gone: (string | number | null)[][] = [];
  const put: (string | number | null)[][] = [];
  for (const { person, wanted } of persons) {
    const before = new Map((stored.get(person) ?? []).map((cells) => [cells.slice(0, table.keys).join(), cells]));
    for (const cells of wanted) {
      const key = cells.slice(0, table.keys).join();
      if (before.get(key)?.join() !== cells.join()) put.push([person, ...cells]);
      before.delete(key);
    }
    for (const cells of before.values()) gone.push([person, ...cells.slice(0, table.keys)]);
  }
  await removeRows(sql, table, gone);
  await PUT[table.name](sql, put);
}

const PUT = {
  visit: bulkInsert("visit", ["#person", ...VISITS.columns], putTail(VISITS)),
  undated_visit: bulkInsert("undated_visit", ["#person", ...UNDATED.columns], putTail(UNDATED)),
};

function putTail({ columns, keys }: VisitTable): string {
  const set = columns.slice(keys).map((column) => `${column} = excluded.${column}`);
  return `ON CONFLICT (person, ${columns.slice(0, keys).join(", ")}) DO UPDATE SET ${set.join(", ")}`;
}

/** The rows of one table, by person. */
type CellsOfPersons = ReadonlyMap<string, readonly Cells[]>;

/** Reads both tables in one trip to the database's thread. */
async function loadCells(sql: Sql, persons: readonly string[]): Promise<Record<VisitTable["name"], CellsOfPersons>> {
  const rows = await sql.all<{ name: VisitTable["name"]; person: string; cells: string }>(
    `${selectCells(VISITS)} UNION ALL ${selectCells(UNDATED)}`,
    [JSON.stringify(persons)],
  );
  const found = { visit: new Map<string, readonly Cells[]>(), undated_visit: new Map<string, readonly Cells[]>() };
  for (const { name, person, cells } of rows) found[name].set(person, JSON.parse(cells) as Cells[]);
  return found;
}

function selectCells({ name, columns }: VisitTable): string {
  const cells = columns.map((column) => `v.${column}`).join(", ");
  return `SELECT '${name}' name, q.value person, json_group_array(json_array(${cells})) cells
    FROM json_each(?1) q JOIN ${name} v ON v.person = unhex(q.value) GROUP BY q.key`;
}

async function removeRows(
  sql: Sql,
  table: VisitTable,
  keys: readonly (readonly (string | number | null)[])[],
): Promise<void> {
  if (keys.length === 0) return;
  const names = ["person", ...table.columns.slice(0, table.keys)].join(", ");
  const values = ["unhex(q.value->>0)", ...table.columns.slice(0, table.keys).map((_, at) => `q.value->>${at + 1}`)];
  await sql.run(`DELETE FROM ${table.name} WHERE (${names}) IN (SELECT ${values.join(", ")} FROM json_each(?) q)`, [
    JSON.stringify(keys),
  ]);
}
