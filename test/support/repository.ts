import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** Folder of package.json, also from where benches are compiled to. */
export const repository: string = findRoot(import.meta.dirname);

function findRoot(from: string): string {
  if (existsSync(join(from, "package.json"))) return from;
  const above = dirname(from);
  if (above === from) throw new Error("package.json is in no folder above");
  return findRoot(above);
}
