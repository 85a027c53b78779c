import { type Command, Option } from "commander";
import type { CaseFile, Contact, ContactPerson, EngineStats, Trace } from "../app.ts";
import { registerCaseKeyCommands } from "./case-keys.ts";
import { DOCUMENT_SCHEMES, type PersonFlags, personsOf } from "./documents.ts";
import { guarded, integer, type LanguageFlags, print, withConfig, withEngine, withLanguage } from "./flags.ts";
import { heardCells, tokenCells } from "./radio-cells.ts";
import { localTime, shortKey, table } from "./table.ts";
import { type Texts, textsOf } from "./texts.ts";

interface CaseFlags extends LanguageFlags, PersonFlags {
  readonly onset?: string;
  readonly sample?: string;
}

const NO_NAMES = "Names are sealed; `vault open` opens them, on record.";

/** Adds `case`, `trace`, `visits` and `erase`. */
export function registerCaseCommands(program: Command): void {
  const cases = program.command("case").description(`cases and their persons. ${NO_NAMES}`);
  withLanguage(withPerson(withConfig(cases.command("add"))))
    .description("open a case; prints its number")
    .option("--onset <date>", "first symptoms, 2026-11-16")
    .option("--sample <date>", "positive sample, 2026-11-16")
    .action(guarded(addCase));
  withLanguage(withConfig(cases.command("list")))
    .description("all cases, the newest first")
    .action(guarded(listCases));
  registerCaseKeyCommands(cases);
  withLanguage(withConfig(program.command("trace")))
    .argument("<case>", "number of the case, from `case list`")
    .description(`everyone who shared a place with a case, with the evidence. ${NO_NAMES}`)
    .option("--window-days <days>", "days before onset or sample that count (default: 2)", integer(0, 21))
    .action(guarded(trace));
  withLanguage(withPerson(withConfig(program.command("visits"))))
    .description("where a person was, within retention")
    .option("--case <case>", "the person of this case")
    .action(guarded(visits));
  withLanguage(withPerson(withConfig(program.command("erase"))))
    .description("erase every row and visit of a person, and keep what is still under way from coming back")
    .action(guarded(erase));
}

function withPerson(command: Command): Command {
  return command
    .addOption(new Option("--scheme <scheme>", "kind of document").choices(DOCUMENT_SCHEMES))
    .option(
      "--id-file <file>",
      "file with one document number a line, `-` for standard input; a line may begin with its scheme",
    )
    .option("--id <number>", "document number; stays in your shell's history, so prefer --id-file -")
    .option("--person <key...>", "key of a person, from the --json output");
}

async function addCase(flags: CaseFlags): Promise<number> {
  const { onset, sample } = flags;
  const named = await personsOf(flags);
  const file = await withEngine(flags, (engine) =>
    engine.addCase({ ...named, ...(onset !== undefined && { onset }), ...(sample !== undefined && { sample }) }),
  );
  print(flags, file, [file.id]);
  return 0;
}

async function listCases(flags: LanguageFlags): Promise<number> {
  const files = await withEngine(flags, (engine) => engine.listCases());
  const texts = textsOf(flags.lang);
  const row = ({ id, onset, sample, createdMs }: CaseFile): string[] => [
    id,
    onset ?? "-",
    sample ?? "-",
    localTime(createdMs),
  ];
  print(flags, { cases: files }, files.length === 0 ? [texts.none] : table(texts.caseHead, files.map(row)));
  return 0;
}

async function trace(id: string, flags: LanguageFlags & { readonly windowDays?: number }): Promise<number> {
  const { windowDays } = flags;
  const options = windowDays === undefined ? {} : { daysBefore: windowDays };
  const found = await withEngine(flags, (engine) => engine.trace(id, options));
  print(flags, found, traceLines(found, textsOf(flags.lang)));
  return 0;
}

function traceLines(found: Trace, texts: Texts): readonly string[] {
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
    ...conflictLines([...found.visits, ...contacts], texts),
    texts.noVerdict,
    texts.noNames,
  ];
}

/** What contradicts the stays above; nothing at all where nothing does. */
function conflictLines(stays: readonly Contact[], texts: Texts): readonly string[] {
  const told = stays.flatMap((one) =>
    one.conflicts.map(({ venue, venueName, from, to }) => [
      shortKey(one.person),
      one.venueName ?? one.venue,
      venueName ?? venue,
      localTime(from),
      localTime(to),
    ]),
  );
  if (told.length === 0) return [];
  const rows = [...new Map(told.map((row) => [row.join(), row])).values()]; // a stay is listed once for each visit that it was beside
  return [...section(texts, texts.conflicts, texts.conflictHead, rows), texts.conflictNote];
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

function section(
  texts: Texts,
  title: string,
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): readonly string[] {
  return [
    `${title}: ${rows.length === 0 ? texts.none : rows.length}`,
    ...(rows.length === 0 ? [] : table(head, rows)),
    "",
  ];
}

function stayCells(one: Contact, texts: Texts): (string | number)[] {
  const end = (known: Contact["start"] | Contact["end"]): string =>
    known.reason === "explicit" ? texts.evidence[known.evidence] : texts.reasons[known.reason];
  return [
    one.venueName ?? one.venue,
    one.gates.join("+") || "-",
    one.timeUnknown ? texts.timeUnknown : localTime(one.from),
    localTime(one.to),
    one.minutesCertain,
    one.minutesPossible ?? "?",
    end(one.start),
    end(one.end),
    one.party === 0 ? "" : `+${one.party}`,
  ];
}

function personCells(one: ContactPerson, texts: Texts): (string | number)[] {
  const doubts = [one.conflict ? texts.conflict : "", one.timeUnknown ? texts.timeUnknown : ""];
  const told = doubts.filter((doubt) => doubt !== "").join(", ");
  return [shortKey(one.person), one.venues.length, one.minutesCertain, one.minutesPossible, told];
}

async function visits(flags: LanguageFlags & PersonFlags & { readonly case?: string }): Promise<number> {
  const { case: id } = flags;
  const named = id === undefined ? await personsOf(flags) : null;
  const stays = await withEngine(flags, async (engine) => {
    if (id !== undefined) return engine.visits((await engine.findCase(id)).persons);
    const { documents = [], persons = [] } = named ?? {};
    return engine.visits([...persons, ...documents.map((document) => engine.personOf(document))]);
  });
  const texts = textsOf(flags.lang);
  print(flags, { visits: stays }, [
    ...section(
      texts,
      texts.visits,
      texts.visitHead,
      stays.map((one) => stayCells(one, texts)),
    ),
    ...conflictLines(stays, texts),
  ]);
  return 0;
}

async function erase(flags: LanguageFlags & PersonFlags): Promise<number> {
  const { documents, persons } = await personsOf(flags);
  const texts = textsOf(flags.lang);
  const { erasedRows, sealedAside } = await withEngine(flags, async (engine) => {
    let rows = 0;
    for (const person of [...persons, ...documents.map((document) => engine.personOf(document))]) {
      rows += await engine.erase(person);
    }
    return { erasedRows: rows, sealedAside: putAside(await engine.stats()) };
  });
  const aside = sealedAside > 0 ? [texts.sealedAside(sealedAside)] : [];
  print(flags, { erasedRows, sealedAside }, [texts.erased(erasedRows), ...aside]);
  return 0;
}

/** What was put aside unread: batches of a copied card, and rows that did not open. */
function putAside({ forks, deadLetters }: EngineStats): number {
  const counts = [...forks.map(({ batches }) => batches), ...Object.values(deadLetters)];
  return counts.reduce((sum, n) => sum + n, 0);
}
