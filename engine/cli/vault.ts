import { type Command, Option } from "commander";
import { toHex } from "../../protocol/bytes.ts";
import type { VaultContent } from "../../protocol/checkin/envelope.ts";
import { BadSealError } from "../../protocol/errors.ts";
import type { PersonKey } from "../../protocol/ids.ts";
import { EXIT } from "../../runtime/lifecycle.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import type { Opening, Trace } from "../app.ts";
import { EngineInputError } from "../errors.ts";
import { readVaultKeyFile } from "../keys/engine-keys.ts";
import { type RawKeyPair, unlockVaultKey } from "../keys/vault-key.ts";
import { parsePersonKey } from "./documents.ts";
import { type CommonFlags, configOf, guarded, integer, print, withConfig, withEngine } from "./flags.ts";
import { readSecretLine } from "./secret-line.ts";
import { localTime, shortKey, table } from "./table.ts";
import { LANGUAGES, type Language, type Texts, textsOf } from "./texts.ts";

/** What an envelope may hold, in the order of the table. */
const CONTENT: readonly (keyof VaultContent)[] = ["name", "phone", "birthDate", "address", "insuranceNumber"];

interface OpenFlags extends CommonFlags {
  readonly lang?: Language;
  readonly reason: string;
  readonly minCertain?: number;
  readonly windowDays?: number;
  readonly person?: readonly string[];
  readonly passphraseFile?: string;
}

/** Adds `vault`. */
export function registerVaultCommands(program: Command): void {
  const vault = program.command("vault").description("names and telephone numbers, sealed for the authority");
  withConfig(vault.command("open"))
    .argument("<case>", "number of the case, from `case list`")
    .description(
      "open how the people beside a case can be reached; each opening stays on record, and the public sees how many",
    )
    .requiredOption("--reason <text>", "why, in your words; it stays on record, so write no name or number into it")
    .option(
      "--min-certain <minutes>",
      "everybody who was beside the case for so many certain minutes",
      integer(0, 100_000),
    )
    .option("--person <key...>", "key of a person whom the trace names, from the --json output")
    .option("--window-days <days>", "days before onset or sample that count, as for `trace`", integer(0, 21))
    .option("--passphrase-file <file>", "file with the vault's passphrase; without it you are asked")
    .addOption(new Option("--lang <lang>", "language of tables").choices(LANGUAGES))
    .action(guarded(open));
  withConfig(vault.command("log"))
    .description("every opening on record, and whether the record is whole")
    .addOption(new Option("--lang <lang>", "language of tables").choices(LANGUAGES))
    .action(guarded(showLog));
}

async function open(caseId: string, flags: OpenFlags): Promise<number> {
  const { reason, minCertain, windowDays, person = [] } = flags;
  if (minCertain === undefined && person.length === 0)
    throw new EngineInputError("say whose: --min-certain MINUTES, or --person KEY from `trace --json`");
  const named = person.map(parsePersonKey);
  const texts = textsOf(flags.lang);
  const key = await unlock(flags);
  if (!key) {
    console.error(texts.wrongPassphrase);
    return EXIT.notPermitted;
  }
  const options = windowDays === undefined ? {} : { daysBefore: windowDays };
  const opening = await withEngine(flags, async (engine) => {
    const met = minCertain === undefined ? [] : beside(await engine.trace(caseId, options), minCertain);
    const persons = [...named, ...met];
    return persons.length === 0 ? null : engine.vault.open({ caseId, reason, persons, ...options }, key);
  });
  print(flags, opening ?? { n: null, persons: [] }, opening ? openingLines(opening, texts) : [texts.nobodyToOpen]);
  return EXIT.ok;
}

/** Everybody who was beside the case for at least so many minutes that are certain. */
function beside({ persons }: Trace, minCertain: number): readonly PersonKey[] {
  return persons.filter(({ minutesCertain }) => minutesCertain >= minCertain).map(({ person }) => person);
}

/** The vault key, or null when the passphrase is wrong. */
async function unlock(flags: OpenFlags): Promise<RawKeyPair | null> {
  const locked = await readVaultKeyFile(configOf(flags).dataDir);
  const passphrase = await readSecretLine(textsOf(flags.lang).passphrase, flags.passphraseFile);
  try {
    return await unlockVaultKey(nodeCrypto, locked, passphrase);
  } catch (fault) {
    if (fault instanceof BadSealError) return null;
    throw fault;
  }
}

function openingLines({ n, persons }: Opening, texts: Texts): readonly string[] {
  const rows = persons.flatMap(({ person, contents, unopened }) => [
    ...contents.map((content) => [shortKey(person), ...CONTENT.map((field) => content[field] ?? "-")]),
    ...(contents.length === 0 ? [[shortKey(person), unopened > 0 ? texts.otherVaultKey : texts.codeSaysNothing]] : []),
  ]);
  return [...table(texts.vaultHead, rows), "", texts.onRecord(n)];
}

async function showLog(flags: CommonFlags & { readonly lang?: Language }): Promise<number> {
  const { openings, brokenAt } = await withEngine(flags, (engine) => engine.vault.audit());
  const texts = textsOf(flags.lang);
  const rows = openings.map(({ n, openedMs, caseId, persons, reason }) => [
    n,
    localTime(openedMs),
    caseId,
    persons.length,
    reason,
  ]);
  const listed = openings.map(({ hash, previous, ...opening }) => ({
    ...opening,
    hash: toHex(hash),
    previous: toHex(previous),
  }));
  print(flags, { openings: listed, brokenAt }, [
    ...(rows.length === 0 ? [texts.none] : table(texts.openingHead, rows)),
    ...(brokenAt === null ? [] : ["", texts.brokenRecord(brokenAt)]),
  ]);
  return brokenAt === null ? EXIT.ok : EXIT.failure;
}
