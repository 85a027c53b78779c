import type { JudgedPerson, RulePack } from "../app.ts";
import type { Texts } from "./texts.ts";

/** What the rule of the day says of one person: verdict, clauses, and what to ask. */
export function verdictCells({ verdict }: JudgedPerson, texts: Texts): readonly string[] {
  if (!verdict) return [texts.noRule, "", ""];
  const { pack, clauses, missing } = verdict;
  const named = clauses.length === 0 ? "" : `${pack} ${clauses.join(", ")}`;
  return [texts.verdicts[verdict.verdict], named, missing.map((fact) => texts.missing[fact]).join(", ")];
}

/** The clauses that the verdicts name, in words, and how well each rule's wording is known. */
export function legend(persons: readonly JudgedPerson[], rules: readonly RulePack[], texts: Texts): readonly string[] {
  const named = new Map<string, Set<string>>();
  for (const { verdict } of persons) {
    if (!verdict) continue;
    const clauses = named.get(verdict.pack) ?? new Set();
    named.set(verdict.pack, clauses);
    for (const clause of verdict.clauses) clauses.add(clause);
  }
  return rules.flatMap((pack) => {
    const clauses = named.get(pack.id);
    if (!clauses || clauses.size === 0) return [];
    return [...packLines(pack, texts, (id) => clauses.has(id)), ""];
  });
}

/** One rule, in words. @param isShown which clauses */
export function packLines(
  pack: RulePack,
  texts: Texts,
  isShown: (id: string) => boolean = () => true,
): readonly string[] {
  const { language, strengths } = texts;
  const clauses = pack.clauses.filter(({ id }) => isShown(id));
  return [
    `${pack.id}: ${pack.title[language]} (${strengths[pack.strength]})`,
    ...clauses.map(({ id, text, strength }) => {
      const doubt = strength === pack.strength ? "" : ` (${strengths[strength]})`;
      return `  ${id}  ${text[language]}${doubt}`;
    }),
  ];
}
