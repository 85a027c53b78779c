import { FACTS, type Fact, type ToldFacts } from "./facts.ts";
import type { Clause, Condition, RulePack } from "./rule-pack.ts";

/** What is known of one person beside a case. */
export interface Encounter {
  /** Minutes that both were at one place for certain, and at most; null when nothing bounds it. */
  readonly minutesCertain: number;
  readonly minutesPossible: number | null;
  /** The log contradicts itself about this person: it may have been somebody else. */
  readonly isDisputed: boolean;
  readonly told: ToldFacts;
}

/** What would decide a case that is open: a fact to ask for, more certain minutes, or who it was. */
export type Missing = Fact | "minutes" | "identity";

/** What a rule pack says of an encounter. */
export interface Verdict {
  readonly pack: string;
  /** `contact`: whatever is not known, some clause holds. `no`: whatever is not known, none does. `possible`: it depends. */
  readonly verdict: "contact" | "possible" | "no";
  /** Of a contact the clauses that make it one, whatever is not known; else those that may hold. */
  readonly clauses: readonly string[];
  /** What to find out, in the order of asking; nothing when it is decided. */
  readonly missing: readonly Missing[];
}

/**
 * Judges an encounter by a rule pack.
 *
 * Every way in which the unknown facts may have been is gone through: with 15 certain minutes in one room it makes no difference that
 * nobody knows about the masks, when one clause is for people with masks and the next for people without. Only certain minutes make a
 * contact, and possible ones keep it open; whom the log contradicts is asked first, and never a contact by itself.
 */
export function judge(pack: RulePack, encounter: Encounter): Verdict {
  const { minutesCertain, isDisputed } = encounter;
  const worlds = worldsOf(encounter.told);
  const longest = encounter.minutesPossible ?? Number.POSITIVE_INFINITY;
  const holding = (minutes: number, world: World): readonly Clause[] =>
    pack.clauses.filter((clause) => holds(clause, minutes, world));
  const surely = worlds.every((world) => holding(minutesCertain, world).length > 0);
  const may = pack.clauses.filter((clause) => worlds.some((world) => holds(clause, longest, world)));
  if (may.length === 0) return { pack: pack.id, verdict: "no", clauses: [], missing: [] };
  if (surely && !isDisputed) {
    const sure = decisive(
      pack,
      worlds.map((world) => holding(minutesCertain, world)),
    );
    return { pack: pack.id, verdict: "contact", clauses: sure.map(idOf), missing: [] };
  }
  const missing: Missing[] = isDisputed ? ["identity"] : [];
  missing.push(...FACTS.filter((fact) => decides(fact, worlds, (world) => holding(longest, world).length > 0)));
  const needsMinutes = worlds.some(
    (world) => holding(longest, world).length > 0 && holding(minutesCertain, world).length === 0,
  );
  if (needsMinutes) missing.push("minutes");
  return { pack: pack.id, verdict: "possible", clauses: may.map(idOf), missing };
}

/** The clauses of those sets that contain no other of the sets: what holds at the least. */
function decisive(pack: RulePack, sets: readonly (readonly Clause[])[]): readonly Clause[] {
  const isWithin = (small: readonly Clause[], large: readonly Clause[]): boolean =>
    small.length < large.length && small.every((clause) => large.includes(clause));
  const least = sets.filter((set) => !sets.some((other) => isWithin(other, set)));
  return pack.clauses.filter((clause) => least.some((set) => set.includes(clause)));
}

function idOf({ id }: Clause): string {
  return id;
}

/** One way in which it may have been. */
type World = Readonly<Record<Fact, boolean>>;

/** All ways that agree with what was told: 2 to the number of facts that are not known. */
function worldsOf(told: ToldFacts): readonly World[] {
  let worlds: readonly Partial<Record<Fact, boolean>>[] = [{}];
  for (const fact of FACTS) {
    const known = told[fact];
    const values = known === undefined ? [true, false] : [known];
    worlds = worlds.flatMap((world) => values.map((value) => ({ ...world, [fact]: value })));
  }
  return worlds as readonly World[];
}

/** Whether the outcome hangs on a fact that is not known, at least in one way in which the others may have been. */
function decides(fact: Fact, worlds: readonly World[], outcome: (world: World) => boolean): boolean {
  const values = new Set(worlds.map((world) => world[fact]));
  return values.size > 1 && worlds.some((world) => outcome(world) !== outcome({ ...world, [fact]: !world[fact] }));
}

/** @param minutes so long they were together; nothing holds of people who were not */
function holds({ all }: Clause, minutes: number, world: World): boolean {
  return minutes > 0 && all.every((condition) => isMet(condition, minutes, world));
}

function isMet(condition: Condition, minutes: number, world: World): boolean {
  if ("minutes" in condition) return minutes >= condition.minutes;
  if ("anyOf" in condition) return condition.anyOf.some((fact) => world[fact]);
  return world[condition.fact] === condition.is;
}
