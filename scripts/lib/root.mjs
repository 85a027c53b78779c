import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Root folder of the repository, without a trailing slash. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Full path of a file or folder of the repository. */
export const inRoot = (...parts) => join(root, ...parts);

/** Exit codes of the scripts; the numbers are those of BSD sysexits, as in runtime/lifecycle.ts. */
export const EXIT = { ok: 0, failure: 1, usage: 64, unavailable: 69, interrupted: 130 };

/** Says one line on standard error, so that standard output stays the command's own. */
export const say = (line) => process.stderr.write(`${line}\n`);

/** Says what is wrong, one line each, and ends the process. */
export function giveUp(code, ...lines) {
  for (const line of lines) say(line);
  process.exit(code);
}
