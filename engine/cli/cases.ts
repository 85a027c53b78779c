import { type Command, Option } from "commander";
import type { CaseFile, EngineStats } from "../app.ts";
import { registerCaseKeyCommands } from "./case-keys.ts";
import { DOCUMENT_SCHEMES, type PersonFlags, personsOf } from "./documents.ts";
import { guarded, type LanguageFlags, print, withConfig, withEngine, withLanguage } from "./flags.ts";
import { conflictLines, section, stayCells } from "./stay-tables.ts";
import { localTime, table } from "./table.ts";
import { textsOf } from "./texts.ts";
import { registerToldCommand } from "./told.ts";
import { registerTraceCommand } from "./trace.ts";

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
  registerToldCommand(cases);
  registerTraceCommand(program, NO_NAMES);
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
