import type { Sql } from "../../runtime/sqlite/database.ts";
import { bulkInsert } from "./bulk.ts";
import type { RowPlace } from "./events.ts";

/** A stored annul: which place it takes back, and the stream that it stood in itself. */
export interface PlacedAnnul {
  readonly target: RowPlace;
  readonly ownStream: number;
}

/** Seqs of one stream, inclusive. */
export interface SeqSpan {
  readonly streamId: number;
  readonly from: number;
  readonly to: number;
}

const insertAnnuls = bulkInsert(
  "annul",
  ["target_stream", "target_seq", "own_stream", "stored_at"],
  "ON CONFLICT DO NOTHING",
);

/**
 * Adds annuls, and settles every annul that is new or whose rows just came.
 *
 * @param spans places at which rows were just stored
 * @returns persons (hex) whose rows were annulled, or no longer are
 */
export async function settleAnnuls(
  sql: Sql,
  added: { readonly annuls: readonly PlacedAnnul[]; readonly spans: readonly SeqSpan[]; readonly storedMs: number },
): Promise<readonly string[]> {
  const { annuls, spans, storedMs } = added;
  await insertAnnuls(
    sql,
    annuls.map(({ target, ownStream }) => [target.streamId, target.seq, ownStream, storedMs]),
  );
  const waiting = await sql.all<{ streamId: number; seq: number }>(
    `SELECT DISTINCT a.target_stream streamId, a.target_seq seq FROM json_each(?) q JOIN annul a
       ON a.target_stream = q.value->>0 AND a.target_seq BETWEEN q.value->>1 AND q.value->>2`,
    [JSON.stringify(spans.map(({ streamId, from, to }) => [streamId, from, to]))],
  );
  const targets = new Map<string, RowPlace>();
  for (const place of [...waiting, ...annuls.map(({ target }) => target)]) targets.set(placeName(place), place);
  const persons: string[] = [];
  for (const target of targets.values()) {
    for (const row of await rowsAt(sql, target)) persons.push(...(await settleRow(sql, row)));
  }
  return persons;
}

function placeName({ streamId, seq }: RowPlace): string {
  return `${streamId}/${seq}`;
}

interface TargetRow {
  readonly id: number;
  readonly person: string | null;
  readonly direct: number;
  readonly annulled: number;
  readonly place_stream: number;
  readonly place_seq: number;
  readonly digest: Uint8Array;
}

const TARGET = "e.id, lower(hex(e.person)) person, e.direct, e.annulled, e.place_stream, e.place_seq, e.digest";

/** Rows that stand at a place or were issued again there. A copied card makes two of them. */
function rowsAt(sql: Sql, { streamId, seq }: RowPlace): Promise<TargetRow[]> {
  return sql.all<TargetRow>(
    `SELECT ${TARGET} FROM event e WHERE e.place_stream = ?1 AND e.place_seq = ?2
     UNION SELECT ${TARGET} FROM alias a JOIN event e
       ON e.place_stream = a.place_stream AND e.place_seq = a.place_seq AND e.digest = a.digest
     WHERE a.stream_id = ?1 AND a.seq = ?2`,
    [streamId, seq],
  );
}

/** Decides one row anew from all annuls that may mean it. */
async function settleRow(sql: Sql, row: TargetRow): Promise<string[]> {
  const aliases = await aliasesOf(sql, row);
  let annulled = 0;
  for (const place of [{ streamId: row.place_stream, seq: row.place_seq }, ...aliases]) {
    if (await isMeantAt(sql, place, row)) annulled = 1;
  }
  if (annulled === row.annulled) return [];
  await sql.run("UPDATE event SET annulled = ? WHERE id = ?", [annulled, row.id]);
  return row.person ? [row.person] : [];
}

function aliasesOf(sql: Sql, row: TargetRow): Promise<RowPlace[]> {
  return sql.all<{ streamId: number; seq: number }>(
    `SELECT stream_id streamId, seq FROM alias WHERE place_stream = ? AND place_seq = ? AND digest = ?`,
    [row.place_stream, row.place_seq, row.digest],
  );
}

/**
 * Whether an annul of this place means this row. Among several rows of one place (a copied card) it means those of its own branch:
 * issued again in the annul's own stream, else those that came at the place itself.
 */
async function isMeantAt(sql: Sql, place: RowPlace, row: TargetRow): Promise<boolean> {
  const annuls = await sql.all<{ own_stream: number }>(
    "SELECT own_stream FROM annul WHERE target_stream = ? AND target_seq = ?",
    [place.streamId, place.seq],
  );
  if (annuls.length === 0) return false;
  const candidates = await rowsAt(sql, place);
  if (candidates.length === 1) return true;
  for (const { own_stream } of annuls) {
    const branch = new Set<number>();
    for (const candidate of candidates) {
      const aliases = await aliasesOf(sql, candidate);
      if (aliases.some(({ streamId }) => streamId === own_stream)) branch.add(candidate.id);
    }
    const direct = candidates.filter((candidate) => candidate.direct === 1).map(({ id }) => id);
    const meant = branch.size > 0 && own_stream !== place.streamId ? branch : new Set(direct);
    if (meant.has(row.id)) return true;
  }
  return false;
}
