import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import type { MatchContent } from "../../protocol/checkin/envelope.ts";
import { SCHEMES, type Scheme } from "../../protocol/checkin/record.ts";
import type { PersonKey } from "../../protocol/ids.ts";
import { TYPED_DOCUMENT_FORMS, type TypedDocumentScheme, typedDocumentId } from "../../protocol/qr/typed-document.ts";
import { EngineInputError } from "../errors.ts";

/** How a command is told whose data it is about. */
export interface PersonFlags {
  readonly scheme?: TypedDocumentScheme;
  readonly id?: string;
  readonly idFile?: string;
  readonly person?: readonly string[];
}

/** Schemes that a document may be of. */
export const DOCUMENT_SCHEMES = Object.keys(TYPED_DOCUMENT_FORMS) as readonly TypedDocumentScheme[];

/**
 * Collects the documents and keys that the flags name. A number given as `--id` works, with a warning: it stays in the shell's
 * history and in the process list, while `--id-file -` reads it from standard input.
 *
 * @throws {EngineInputError} ENGINE_INPUT when nothing is named or something has not its form
 */
export async function personsOf(
  flags: PersonFlags,
): Promise<{ readonly documents: readonly MatchContent[]; readonly persons: readonly PersonKey[] }> {
  const lines = flags.idFile === undefined ? [] : (await readIds(flags.idFile)).split(/\r?\n/);
  const documents = [...parseDocuments(lines, flags.scheme)];
  if (flags.id !== undefined) {
    console.error("Warning: --id leaves the number in your shell's history; use --id-file - and type it instead.");
    documents.push(parseDocument(flags.id, { scheme: flags.scheme, where: "--id" }));
  }
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

/**
 * Reads one document a line: its number, or its scheme, a blank and its number; empty lines count for nothing.
 *
 * @param scheme that of lines which name none
 * @throws {EngineInputError} ENGINE_INPUT when a line has no scheme, or a number that no kiosk derives; the text never repeats it
 */
export function parseDocuments(
  lines: readonly string[],
  scheme: TypedDocumentScheme | undefined,
): readonly MatchContent[] {
  return lines.flatMap((line, at) =>
    line.trim() === "" ? [] : parseDocument(line, { scheme, where: `line ${at + 1}` }),
  );
}

function parseDocument(
  line: string,
  { scheme: asked, where }: { readonly scheme: TypedDocumentScheme | undefined; readonly where: string },
): MatchContent {
  const [, word = "", rest = ""] = /^\s*(\S+)\s+(\S.*)$/.exec(line) ?? [];
  const named = SCHEMES.find((scheme) => scheme === word.toLowerCase());
  const scheme = named ?? asked;
  if (scheme === undefined)
    throw new EngineInputError(`${where}: name the scheme: --scheme ${DOCUMENT_SCHEMES.join("|")}`);
  if (!isDocumentScheme(scheme)) throw new EngineInputError(`${where}: ${scheme} names no document that a kiosk reads`);
  const id = typedDocumentId(scheme, named ? rest : line);
  if (id === null) {
    throw new EngineInputError(
      `${where}: no number of the scheme ${scheme}, which has ${TYPED_DOCUMENT_FORMS[scheme]}`,
    );
  }
  return { scheme, id };
}

function isDocumentScheme(scheme: Scheme): scheme is TypedDocumentScheme {
  return scheme in TYPED_DOCUMENT_FORMS;
}

/** @throws {EngineInputError} ENGINE_INPUT when it is not a person's key */
export function parsePersonKey(key: string): PersonKey {
  if (!/^[0-9a-f]{32}$/.test(key))
    throw new EngineInputError("a person's key has 32 hex digits, as in the --json output");
  return key as PersonKey;
}
