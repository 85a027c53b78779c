import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, it } from "vitest";

const root = resolve(process.env["BLUEPOST_VECTORS"] ?? join(import.meta.dirname, "../../../shared/vectors"));

/** Full path of a file or folder among the external test data. */
export function vectorPath(...parts: readonly string[]): string {
  return join(root, ...parts);
}

/**
 * Declares a suite over external test data: it runs when the folder is there, and is skipped with a clear line when not.
 *
 * @param folder name under the vectors folder, for example `clea`
 */
export function describeVectors(folder: string, title: string, suite: () => void): void {
  const present = existsSync(vectorPath(folder));
  const line = `${title} [vectors/${folder}]`;
  if (present) describe(line, suite);
  else it.skip(`${line}: no such folder; set BLUEPOST_VECTORS`, () => undefined); // `suite` itself would read what is not there
}
