import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** Folder of package.json, found upwards from this file: the same from the sources and from dist. */
export function packageRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return folder;
}

/** Folder of a built page, for example `kiosk`. It may be missing: then its server answers the API only. */
export function pageRoot(page: string): string {
  return join(packageRoot(), "dist/web", page);
}

/** Path of a file of the package that compiled code reads, for example `hardware/pinout.json`. */
export function packageFile(path: string): string {
  return join(packageRoot(), path);
}
