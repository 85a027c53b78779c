import type { PersonKey } from "../../protocol/ids.ts";
import type { Contact, ContactPerson } from "../match/contact.ts";
import type { ToldFacts } from "./facts.ts";
import { judge, type Verdict } from "./judge.ts";
import { packAt, type RulePack } from "./rule-pack.ts";

/** A person beside a case, with what the rule of that day says; null when none was in force. */
export interface JudgedPerson extends ContactPerson {
  readonly verdict: Verdict | null;
  /** What the person, or somebody who was there, said when asked. */
  readonly told: ToldFacts;
}

const ORDER = ["contact", "possible", "no"] as const;

/**
 * Judges each person by the rule that was in force when the two were last together; a stay without a time counts as of `nowMs`.
 *
 * @returns contacts first, then those who may be, in their order
 */
export function judgePersons(
  persons: readonly ContactPerson[],
  by: {
    readonly packs: readonly RulePack[];
    readonly contacts: readonly Contact[];
    readonly told: ReadonlyMap<PersonKey, ToldFacts>;
    readonly nowMs: number;
  },
): readonly JudgedPerson[] {
  const last = new Map<PersonKey, number>();
  for (const { person, to } of by.contacts) last.set(person, Math.max(last.get(person) ?? 0, to ?? by.nowMs));
  const unbounded = new Set(
    by.contacts.flatMap(({ person, minutesPossible }) => (minutesPossible === null ? person : [])),
  );
  const judged = persons.map((one): JudgedPerson => {
    const told = by.told.get(one.person) ?? {};
    const pack = packAt(by.packs, last.get(one.person) ?? by.nowMs);
    const longest = unbounded.has(one.person) ? null : one.minutesPossible + unsureMinutes(by.contacts, one.person);
    const encounter = { ...one, minutesPossible: longest, isDisputed: one.conflict, told };
    return { ...one, told, verdict: pack && judge(pack, encounter) };
  });
  return judged.sort((left, right) => rank(left) - rank(right));
}

/** What {@link ContactPerson.minutesPossible} leaves out: stays without a time, each at its longest. */
function unsureMinutes(contacts: readonly Contact[], person: PersonKey): number {
  const unsure = contacts.filter((one) => one.person === person && one.timeUnknown);
  return unsure.reduce((sum, { minutesPossible }) => sum + (minutesPossible ?? 0), 0);
}

function rank({ verdict }: JudgedPerson): number {
  return ORDER.indexOf(verdict?.verdict ?? "possible");
}
