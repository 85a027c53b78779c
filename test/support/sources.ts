import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { repository } from "./repository.ts";

/** One text file of the repository. */
export interface Source {
  /** From the repository's root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** The folders that make the product; everything else is about it. */
export const PRODUCT = ["protocol", "runtime", "firmware", "kiosk", "gateway", "engine", "web", "sim"];

const NOT_OURS = new Set(["node_modules", "dist", ".git", ".bluepost", "run", "coverage"]);

/** Paths of all files below some folders of the repository (`""` for all of it) whose name ends in one of `endings`. */
export function filesBelow(folders: readonly string[], endings: readonly string[]): string[] {
  return folders.flatMap((folder) => walk(folder)).filter((path) => endings.some((ending) => path.endsWith(ending)));
}

function walk(folder: string): string[] {
  let entries: ReturnType<typeof list>;
  try {
    entries = list(folder);
  } catch {
    return []; // a folder that a part does not have yet
  }
  return entries.flatMap((entry) => {
    const path = posix.join(folder, entry.name);
    if (entry.isDirectory()) return NOT_OURS.has(entry.name) ? [] : walk(path);
    return entry.isFile() ? [path] : [];
  });
}

function list(folder: string) {
  return readdirSync(join(repository, folder), { withFileTypes: true });
}

/** Reads files of the repository. */
export function readSources(paths: readonly string[]): Source[] {
  return paths.map((path) => ({ path, text: readFileSync(join(repository, path), "utf8") }));
}

/** TypeScript of some folders, without declarations. */
export function typescriptBelow(folders: readonly string[]): Source[] {
  return readSources(filesBelow(folders, [".ts", ".tsx"]).filter((path) => !path.endsWith(".d.ts")));
}

/** One import, re-export or dynamic import. */
export interface Import {
  /** A path from the root for our own files, else the name of a package or `node:` module. */
  readonly target: string;
  readonly kind: "ours" | "node" | "package";
  readonly typeOnly: boolean;
}

const STATIC = /^\s*(?:import|export)\s+(type\s+)?(?:[^"';]*?\sfrom\s+)?["']([^"']+)["']/gm;
const DYNAMIC = /\bimport\(\s*["']([^"']+)["']/g;

/** Everything that a file imports, in order of appearance. */
export function importsOf({ path, text }: Source): Import[] {
  const statics = [...text.matchAll(STATIC)].map(([, type, target]) => resolve(path, target ?? "", type !== undefined));
  const dynamics = [...text.matchAll(DYNAMIC)].map(([, target]) => resolve(path, target ?? "", false));
  return [...statics, ...dynamics];
}

function resolve(from: string, target: string, typeOnly: boolean): Import {
  if (target.startsWith(".")) return { target: posix.join(posix.dirname(from), target), kind: "ours", typeOnly };
  if (target.startsWith("node:")) return { target, kind: "node", typeOnly };
  const parts = target.split("/");
  return { target: parts.slice(0, target.startsWith("@") ? 2 : 1).join("/"), kind: "package", typeOnly };
}
