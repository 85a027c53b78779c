import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import type { Command } from "commander";
import { parseGaenExport } from "../../protocol/beacon/gaen-export.ts";
import { toHex, utf8 } from "../../protocol/bytes.ts";
import { BluepostError } from "../../protocol/errors.ts";
import type { CaseKeyAnswer } from "../../protocol/http/case-keys.ts";
import { isZip, readZipEntry } from "../../runtime/zip.ts";
import type { InfectiousWindow } from "../cases/cases.ts";
import { KEY_CODE_MAX_MINUTES, KEY_CODE_MINUTES } from "../cases/key-codes.ts";
import { EngineInputError } from "../errors.ts";
import {
  type CommonFlags,
  guarded,
  integer,
  type LanguageFlags,
  print,
  withConfig,
  withEngine,
  withLanguage,
} from "./flags.ts";
import { localTime } from "./table.ts";
import { type Texts, textsOf } from "./texts.ts";

const EXPORT_NAME = "export.bin";
const MAX_FILE_BYTES = 16 << 20;

/** Adds `case key-code`, `case keys` and `case publish`. */
export function registerCaseKeyCommands(cases: Command): void {
  withConfig(cases.command("key-code"))
    .argument("<case>", "number of the case, from `case list`")
    .description("make a one-time code with which the case hands in the keys of its phone or token")
    .option("--minutes <n>", "minutes until it expires", integer(1, KEY_CODE_MAX_MINUTES), KEY_CODE_MINUTES)
    .action(guarded(makeCode));
  withLanguage(withConfig(cases.command("keys")))
    .argument("<case>", "number of the case, from `case list`")
    .description(
      "take keys of a case from a file: JSON as for the upload, or a GAEN diagnosis key file (zip or export.bin)",
    )
    .requiredOption("--file <file>", "the file, `-` for JSON on standard input")
    .action(guarded(takeKeys));
  withConfig(cases.command("publish"))
    .argument("<case>", "number of the case, from `case list`")
    .description("put where the case was into the next signed hourly file, for phones to match; cannot be taken back")
    .action(guarded(publish));
}

async function publish(id: string, flags: CommonFlags): Promise<number> {
  const { added, unreachable } = await withEngine(flags, (engine) => engine.publishCase(id));
  print(flags, { case: id, added, unreachable }, [
    `Keys and posters that go into the next hourly file: ${added}.`,
    ...(unreachable.length === 0 ? [] : [`No key or poster is known of: ${unreachable.join(", ")}`]),
  ]);
  return 0;
}

async function makeCode(id: string, flags: CommonFlags & { readonly minutes: number }): Promise<number> {
  const made = await withEngine(flags, (engine) => engine.radio.issueKeyCode(id, flags.minutes));
  print(flags, { case: id, ...made }, [
    `${made.code}   good once, until ${localTime(made.expiresMs)} (Vietnam time)`,
    "Read it out to the case only: whoever has it can hand in keys as theirs.",
  ]);
  return 0;
}

async function takeKeys(id: string, flags: LanguageFlags & { readonly file: string }): Promise<number> {
  const items = await itemsOf(flags.file);
  const { results, window } = await withEngine(flags, async (engine) => ({
    results: await engine.radio.addCaseKeys(id, items),
    window: await engine.windowOf(id),
  }));
  print(flags, { case: id, results }, keyLines(results, window, textsOf(flags.lang)));
  return results.every(({ verdict }) => verdict === "refused") ? 1 : 0;
}

/** What became of each key, in words; when one lay outside of the infectious window, that too. */
export function keyLines(results: readonly CaseKeyAnswer[], window: InfectiousWindow, texts: Texts): readonly string[] {
  const lines = results.map(({ verdict, problem }, at) => {
    const why = problem ? ` (${texts.keyProblems[problem.code]})` : "";
    return `${texts.key} ${at + 1}: ${texts.keyVerdicts[verdict]}${why}`;
  });
  const isOutside = results.some(({ problem }) => problem?.code === "outside_window" || problem?.code === "in_future");
  return isOutside ? [...lines, "", texts.window(localTime(window.from), localTime(window.to))] : lines;
}

async function itemsOf(file: string): Promise<readonly unknown[]> {
  const bytes = await readKeyFile(file);
  try {
    if (isZip(bytes)) return exportItems(readZipEntry(bytes, EXPORT_NAME, MAX_FILE_BYTES) ?? new Uint8Array(0));
    if (bytes[0] === utf8("E")[0]) return exportItems(bytes);
    return jsonItems(new TextDecoder().decode(bytes));
  } catch (cause) {
    if (!(cause instanceof BluepostError || cause instanceof SyntaxError)) throw cause;
    throw new EngineInputError("the file holds neither keys as JSON nor a diagnosis key file", {}, { cause });
  }
}

async function readKeyFile(file: string): Promise<Uint8Array> {
  try {
    const bytes = file === "-" ? utf8(await text(process.stdin)) : await readFile(file);
    if (bytes.length > MAX_FILE_BYTES) throw new EngineInputError("the file is longer than 16 MB");
    return bytes;
  } catch (cause) {
    if (cause instanceof EngineInputError) throw cause;
    throw new EngineInputError("the file of --file cannot be read", {}, { cause });
  }
}

function exportItems(bytes: Uint8Array): readonly unknown[] {
  return parseGaenExport(bytes).map(({ key, ...rolling }) => ({ scheme: "gaen", key: toHex(key), ...rolling }));
}

/** An array of items, or an object with them, as it would be uploaded. */
function jsonItems(json: string): readonly unknown[] {
  const value: unknown = JSON.parse(json);
  const items = typeof value === "object" && value !== null && "items" in value ? value.items : value;
  if (!Array.isArray(items) || items.length === 0) throw new EngineInputError("the file holds no list of keys");
  return items;
}
