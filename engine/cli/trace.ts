import type { Command } from "commander";
import type { Contact, JudgedPerson, RulePack, Trace } from "../app.ts";
import { guarded, integer, type LanguageFlags, print, withConfig, withEngine, withLanguage } from "./flags.ts";
import { heardCells, tokenCells } from "./radio-cells.ts";
import { conflictLines, section, stayCells } from "./stay-tables.ts";
import { localTime, shortKey } from "./table.ts";
import { type Texts, textsOf } from "./texts.ts";
import { legend, verdictCells } from "./verdicts.ts";

/** Adds `trace`. @param note what to say of names */
export function registerTraceCommand(program: Command, note: string): void {
  withLanguage(withConfig(program.command("trace")))
    .argument("<case>", "number of the case, from `case list`")
    .description(`everyone who shared a place with a case, the evidence, and what the rule of that day says. ${note}`)
    .option(
      "--window-days <days>",
      "days before onset or sample that count (default: what the rule of that day says)",
      integer(0, 21),
    )
    .action(guarded(trace));
}

async function trace(id: string, flags: LanguageFlags & { readonly windowDays?: number }): Promise<number> {
  const { windowDays } = flags;
  const options = windowDays === undefined ? {} : { daysBefore: windowDays };
  const { found, rules } = await withEngine(flags, async (engine) => ({
    found: await engine.trace(id, options),
    rules: engine.rules,
  }));
  print(flags, found, traceLines(found, rules, textsOf(flags.lang)));
  return 0;
}

function traceLines(found: Trace, rules: readonly RulePack[], texts: Texts): readonly string[] {
  const { window, visits: own, contacts, persons } = found;
  const contactRow = (one: Contact): (string | number)[] => [
    shortKey(one.person),
    ...stayCells(one, texts),
    texts.beside[one.beside],
  ];
  return [
    texts.window(localTime(window.from), localTime(window.to)),
    "",
    ...section(
      texts,
      texts.visits,
      texts.visitHead,
      own.map((one) => stayCells(one, texts)),
    ),
    ...section(
      texts,
      texts.heard,
      texts.heardHead,
      found.heard.map((one) => heardCells(one, texts)),
    ),
    ...section(texts, texts.contacts, texts.contactHead, contacts.map(contactRow)),
    ...tokenLines(found, texts),
    ...section(
      texts,
      texts.persons,
      texts.personHead,
      persons.map((one) => personCells(one, texts)),
    ),
    ...legend(persons, rules, texts),
    ...conflictLines([...found.visits, ...contacts], texts),
    texts.askFirst,
    texts.noNames,
  ];
}

/** Radio evidence about others; nothing at all where no token was heard. */
function tokenLines({ tokens, tokensOmitted }: Trace, texts: Texts): readonly string[] {
  if (tokens.length === 0) return [];
  return [
    ...section(
      texts,
      texts.tokens,
      texts.tokenHead,
      tokens.map((one) => tokenCells(one, texts)),
    ),
    ...(tokensOmitted > 0 ? [texts.tokensOmitted(tokensOmitted), ""] : []),
    texts.signalNote,
  ];
}

function personCells(one: JudgedPerson, texts: Texts): (string | number)[] {
  const doubts = [one.conflict ? texts.conflict : "", one.timeUnknown ? texts.timeUnknown : ""];
  const told = doubts.filter((doubt) => doubt !== "").join(", ");
  const { person, venues, minutesCertain, minutesPossible } = one;
  return [shortKey(person), venues.length, minutesCertain, minutesPossible, ...verdictCells(one, texts), told];
}
