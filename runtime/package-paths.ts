import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Folder of package.json, found upwards from this file: the same from the sources and from dist. */
export function packageRoot(): string {
  return ROOT;
}

function above(folder: string): string {
  if (existsSync(join(folder, "package.json"))) return folder;
  const parent = dirname(folder);
  if (parent === folder) throw new Error("package.json is in no folder above: the installation is incomplete");
  return above(parent);
}

const ROOT = above(import.meta.dirname);

/** Folder of a built page, for example `kiosk`. It may be missing: then its server answers the API only. */
export function pageRoot(page: string): string {
  return join(packageRoot(), "dist/web", page);
}

/** Path of a file of the package that compiled code reads, for example `hardware/pinout.json`. */
export function packageFile(path: string): string {
  return join(packageRoot(), path);
}

/** Version of the package, as package.json says. */
export function packageVersion(): string {
  return (JSON.parse(readFileSync(packageFile("package.json"), "utf8")) as { version: string }).version;
}
