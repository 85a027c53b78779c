import { type Static, Type } from "@sinclair/typebox";
import { MalformedError } from "../../protocol/errors.ts";
import { SITE_UTC_OFFSET_MS } from "../../protocol/units.ts";
import { parseData } from "../data-files.ts";
import { BothLanguages, Strength } from "../wording.ts";
import { FACTS } from "./facts.ts";

const exact = { additionalProperties: false } as const;
const FactName = Type.Union(FACTS.map((name) => Type.Literal(name)));
const LocalDate = Type.String({ pattern: "^\\d{4}-\\d{2}-\\d{2}$" });

const Condition = Type.Union([
  Type.Object({ fact: FactName, is: Type.Boolean() }, exact),
  /** At least one of these is so. */
  Type.Object({ anyOf: Type.Array(FactName, { minItems: 1 }) }, exact),
  /** Together for at least so long, minutes, over all places. A clause without it asks for no least time, but for some. */
  Type.Object({ minutes: Type.Number({ exclusiveMinimum: 0, maximum: 1_440 }) }, exact),
]);
export type Condition = Static<typeof Condition>;

const Clause = Type.Object(
  {
    id: Type.String({ pattern: "^[a-z0-9]{1,4}$" }),
    text: BothLanguages,
    strength: Strength,
    all: Type.Array(Condition, { minItems: 1 }),
  },
  exact,
);
export type Clause = Static<typeof Clause>;

/** One definition of a close contact, as data: a file of engine/rules/packs. */
export const RulePack = Type.Object(
  {
    version: Type.Literal(1),
    id: Type.String({ pattern: "^[a-z0-9-]{1,32}$" }),
    title: BothLanguages,
    /** First and last day on which it held, dates of Vietnam; null: it still does. */
    inForce: Type.Object({ from: LocalDate, to: Type.Union([LocalDate, Type.Null()]) }, exact),
    /** Where the wording of our clauses comes from. */
    source: Type.String({ minLength: 1 }),
    strength: Strength,
    /** Days before onset, or before the positive sample, from which a case counts as infectious. */
    infectious: Type.Object({ daysBefore: Type.Integer({ minimum: 0, maximum: 21 }), strength: Strength }, exact),
    clauses: Type.Array(Clause, { minItems: 1 }),
  },
  exact,
);
export type RulePack = Static<typeof RulePack>;

/** @throws {MalformedError} PROTO_MALFORMED when the text is no rule pack, or names a clause twice */
export function parseRulePack(text: string): RulePack {
  const pack = parseData(RulePack, text, "a rule pack");
  if (new Set(pack.clauses.map(({ id }) => id)).size < pack.clauses.length)
    throw new MalformedError("a clause named twice", { pack: pack.id });
  if (pack.inForce.to !== null && pack.inForce.to < pack.inForce.from)
    throw new MalformedError("a rule pack that ends before it begins", { pack: pack.id });
  return pack;
}

/** Of a case on whose day no rule was in force, days before onset or sample. */
const DAYS_WITHOUT_RULE = 2;

/** Days before onset, or before the positive sample, from which a case counts as infectious by the rule of that day. */
export function infectiousDays(packs: readonly RulePack[], firstDateMs: number): number {
  return packAt(packs, firstDateMs)?.infectious.daysBefore ?? DAYS_WITHOUT_RULE;
}

/** The pack in force on the day of an instant, in Vietnam; of several the youngest. Null before the first and in a gap. */
export function packAt(packs: readonly RulePack[], atMs: number): RulePack | null {
  const day = new Date(atMs + SITE_UTC_OFFSET_MS).toISOString().slice(0, 10);
  const held = packs.filter(({ inForce: { from, to } }) => from <= day && (to === null || day <= to));
  return held.sort((left, right) => (left.inForce.from < right.inForce.from ? 1 : -1))[0] ?? null;
}
