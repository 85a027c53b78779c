import type { CryptoPort } from "../../protocol/crypto-port.ts";
import type { PersonKey } from "../../protocol/ids.ts";
import { DAY_MS, SITE_UTC_OFFSET_MS, type WallMs } from "../../protocol/units.ts";
import type { Sql } from "../../runtime/sqlite/database.ts";
import { EngineInputError } from "../errors.ts";

/** A confirmed or suspected case; `onset` and `sample` are local dates, `2026-11-16`, at least one of them. */
export interface CaseFile {
  readonly id: string;
  readonly onset: string | null;
  readonly sample: string | null;
  readonly createdMs: WallMs;
  /** One key for each document of the person that is known. */
  readonly persons: readonly PersonKey[];
}

/** What opens a case. */
export interface NewCase {
  readonly persons: readonly PersonKey[];
  readonly onset?: string;
  readonly sample?: string;
}

const DIGITS = "0123456789abcdefghjkmnpqrstvwxyz";

/**
 * Opens a case under a random number.
 *
 * @throws {EngineInputError} ENGINE_INPUT when it names no person or no date
 */
export async function addCase(
  sql: Sql,
  given: NewCase,
  make: { readonly crypto: CryptoPort; readonly nowMs: WallMs },
): Promise<CaseFile> {
  if (given.persons.length === 0) throw new EngineInputError("a case needs at least one document of the person");
  if (given.onset === undefined && given.sample === undefined) {
    throw new EngineInputError("a case needs the date of onset or of the positive sample");
  }
  const file: CaseFile = {
    id: `case-${[...make.crypto.randomBytes(8)].map((byte) => DIGITS[byte & 31]).join("")}`,
    onset: given.onset === undefined ? null : parseLocalDate(given.onset).text,
    sample: given.sample === undefined ? null : parseLocalDate(given.sample).text,
    createdMs: make.nowMs,
    persons: [...new Set(given.persons)],
  };
  await sql.run("INSERT INTO cases (id, onset, sample, created_at) VALUES (?, ?, ?, ?)", [
    file.id,
    file.onset,
    file.sample,
    file.createdMs,
  ]);
  for (const person of file.persons) {
    await sql.run("INSERT INTO case_person (case_id, person) VALUES (?, unhex(?))", [file.id, person]);
  }
  return file;
}

interface CaseRow {
  readonly id: string;
  readonly onset: string | null;
  readonly sample: string | null;
  readonly created_at: number;
  readonly persons: string;
}

const SELECT_CASE = `SELECT c.*, json_group_array(lower(hex(p.person))) persons
  FROM cases c JOIN case_person p ON p.case_id = c.id`;

/** All cases, the newest first. */
export async function listCases(sql: Sql): Promise<readonly CaseFile[]> {
  return (await sql.all<CaseRow>(`${SELECT_CASE} GROUP BY c.id ORDER BY c.created_at DESC, c.id`)).map(caseOf);
}

/** @throws {EngineInputError} ENGINE_INPUT when there is no such case */
export async function findCase(sql: Sql, id: string): Promise<CaseFile> {
  const row = await sql.get<CaseRow>(`${SELECT_CASE} WHERE c.id = ? GROUP BY c.id`, [id]);
  if (!row) throw new EngineInputError("no such case: `bluepost-engine case list` shows them");
  return caseOf(row);
}

function caseOf(row: CaseRow): CaseFile {
  return {
    id: row.id,
    onset: row.onset,
    sample: row.sample,
    createdMs: row.created_at as WallMs,
    persons: JSON.parse(row.persons) as PersonKey[],
  };
}

/** The time in which a case may have infected others. */
export interface InfectiousWindow {
  readonly from: WallMs;
  readonly to: WallMs;
}

/**
 * From local midnight some days before onset (or before the positive sample, for a case without symptoms) until `nowMs`; when both
 * are known the earlier counts.
 *
 * How many days is the rule's to say (engine/rules); all of them end with a negative test, which is not known here.
 */
export function infectiousWindow(
  file: Pick<CaseFile, "onset" | "sample">,
  nowMs: WallMs,
  daysBefore: number,
): InfectiousWindow {
  return { from: (firstDateOf(file) - daysBefore * DAY_MS) as WallMs, to: nowMs };
}

/** Local midnight of onset or of the positive sample, whichever came first. */
export function firstDateOf(file: Pick<CaseFile, "onset" | "sample">): WallMs {
  const dates = [file.onset, file.sample].flatMap((text) => (text === null ? [] : [parseLocalDate(text).midnightMs]));
  return Math.min(...dates) as WallMs;
}

/**
 * Reads a date of Vietnam's calendar.
 *
 * @throws {EngineInputError} ENGINE_INPUT when it is not a real date of the form 2026-11-16
 */
export function parseLocalDate(text: string): { readonly text: string; readonly midnightMs: number } {
  const utc = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  if (Number.isNaN(utc) || new Date(utc).toISOString().slice(0, 10) !== text) {
    throw new EngineInputError("a date is written 2026-11-16");
  }
  return { text, midnightMs: utc - SITE_UTC_OFFSET_MS };
}
