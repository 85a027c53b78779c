import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import type { MatchContent } from "../../protocol/checkin/envelope.ts";
import { isRadioScheme } from "../../protocol/checkin/presence.ts";
import { SCHEMES, type Scheme } from "../../protocol/checkin/record.ts";
import type { PersonKey } from "../../protocol/ids.ts";
import { EngineInputError } from "../errors.ts";

/** How a command is told whose data it is about. */
export interface PersonFlags {
  readonly scheme?: Scheme;
  readonly id?: string;
  readonly idFile?: string;
  readonly person?: readonly string[];
}

/** Schemes that a document may be of. */
export const DOCUMENT_SCHEMES: readonly Scheme[] = SCHEMES.filter(
  (scheme) => scheme !== "none" && scheme !== "venue" && !isRadioScheme(scheme),
);

/**
 * Collects the documents and keys that the flags name. A number given as `--id` works, with a warning: it stays in the shell's
 * history and in the process list, while `--id-file -` reads it from standard input.
 *
 * @throws {EngineInputError} ENGINE_INPUT when nothing is named or something has not its form
 */
export async function personsOf(
  flags: PersonFlags,
): Promise<{ readonly documents: readonly MatchContent[]; readonly persons: readonly PersonKey[] }> {
  const lines = flags.idFile === undefined ? [] : (await readIds(flags.idFile)).split("\n");
  if (flags.id !== undefined) {
    console.error("Warning: --id leaves the number in your shell's history; use --id-file - and type it instead.");
    lines.push(flags.id);
  }
  const documents = lines.filter((line) => line.trim() !== "").map((line) => parseDocument(line, flags.scheme));
  const persons = (flags.person ?? []).map(parsePersonKey);
  if (documents.length + persons.length === 0) {
    throw new EngineInputError(
      "name the person: --scheme cccd --id-file - (then the number, then Ctrl-D), or --person KEY",
    );
  }
  return { documents, persons };
}

async function readIds(file: string): Promise<string> {
  try {
    return file === "-" ? await text(process.stdin) : await readFile(file, "utf8");
  } catch (cause) {
    throw new EngineInputError("the file of --id-file cannot be read", {}, { cause });
  }
}

/** One document a line: its number, or its scheme, a space and its number. The text of a fault never repeats the number. */
function parseDocument(line: string, scheme: Scheme | undefined): MatchContent {
  const named = /^\s*([a-z0-9]+)\s+(\S.*)$/i.exec(line);
  const first = named?.[1]?.toLowerCase() as Scheme | undefined;
  if (first && DOCUMENT_SCHEMES.includes(first)) return { scheme: first, id: canonicalId(first, named?.[2] ?? "") };
  if (scheme === undefined) throw new EngineInputError(`name the scheme: --scheme ${DOCUMENT_SCHEMES.join("|")}`);
  return { scheme, id: canonicalId(scheme, line) };
}

/** As a kiosk derives it from the code: without blanks, cards in lower case, insurance numbers in upper case. */
function canonicalId(scheme: Scheme, written: string): string {
  const plain = written.replace(/\s+/g, "");
  const id =
    scheme === "bp1" || scheme === "bp2" ? plain.toLowerCase() : scheme === "bhyt" ? plain.toUpperCase() : plain;
  if (id === "" || id.length > 64) throw new EngineInputError("a document's number has 1 to 64 characters");
  if (scheme === "cccd" && !/^\d{12}$/.test(id)) throw new EngineInputError("a CCCD number has 12 digits");
  return id;
}

/** @throws {EngineInputError} ENGINE_INPUT when it is not a person's key */
export function parsePersonKey(key: string): PersonKey {
  if (!/^[0-9a-f]{32}$/.test(key))
    throw new EngineInputError("a person's key has 32 hex digits, as in the --json output");
  return key as PersonKey;
}
