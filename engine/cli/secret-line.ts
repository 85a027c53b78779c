import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { EngineInputError } from "../errors.ts";

/**
 * Reads one secret line: from a file, else from whoever sits at the terminal, without showing it, else the first line of standard input.
 *
 * @throws {EngineInputError} ENGINE_INPUT when the file cannot be read or nothing was given
 */
export async function readSecretLine(question: string, file: string | undefined): Promise<string> {
  const line = file === undefined ? await askFor(question) : await readFirstLine(file);
  if (line === "") throw new EngineInputError("nothing was given for: the passphrase");
  return line;
}

async function readFirstLine(file: string): Promise<string> {
  try {
    return ((await readFile(file, "utf8")).split(/\r?\n/, 1)[0] ?? "").trim();
  } catch (cause) {
    throw new EngineInputError("the file of the passphrase cannot be read", {}, { cause });
  }
}

async function askFor(question: string): Promise<string> {
  const { stdin, stderr } = process;
  const isTerminal = stdin.isTTY === true;
  if (isTerminal) stderr.write(`${question}: `);
  const unseen = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: stdin, output: unseen, terminal: isTerminal });
  try {
    for await (const line of lines) return line.trim();
    return "";
  } finally {
    lines.close();
    if (isTerminal) stderr.write("\n");
  }
}
