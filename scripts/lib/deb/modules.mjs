// Which files of node_modules a kiosk needs at run time.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { inRoot } from "../root.mjs";

/** Needed to compile or to unpack, never while the product runs. */
const BUILD_ONLY = new Set(["node-gyp", "prebuild-install", "node-addon-api", "nan", "tar", "patch-package"]);
/** Folders at the top of a package that nothing requires. */
const NOT_CODE =
  /^(?:test|tests|__tests__|doc|docs|example|examples|bench|benchmark|benchmarks|coverage|\.github|\.vscode|deps|libusb|integration|integration-test)$/;
const NOT_READ =
  /\.(?:d\.[cm]?ts|[cm]?ts|map|md|markdown|cc|cpp|h|hpp|gyp|gypi|o|a|flow|tsbuildinfo|html|sh|dsp|dsw|vcproj|sln)$|^(?:Makefile|\..*)$/;
const LICENCE = /^(?:licen[cs]e|copying|notice)/i;

/**
 * The packages that the product loads, each with its folder and version, found as Node finds them.
 *
 * @param lock package-lock.json, parsed
 */
export function runtimePackages(lock) {
  const { packages } = lock;
  const found = new Map();
  const open = [""];
  while (open.length > 0) {
    const from = open.pop();
    for (const name of dependenciesOf(packages[from])) {
      const at = resolve(packages, from, name);
      if (at === null || found.has(at)) continue;
      found.set(at, {
        at,
        name: packages[at].name ?? name,
        version: packages[at].version,
        licence: packages[at].license,
      });
      open.push(at);
    }
  }
  return [...found.values()].sort((a, b) => (a.at < b.at ? -1 : 1));
}

function dependenciesOf({ dependencies = {}, optionalDependencies = {}, peerDependencies = {} }) {
  const names = Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies });
  return names.filter((name) => !BUILD_ONLY.has(name) && !name.startsWith("@types/"));
}

/** From the requiring package's own folder upwards; null when an optional package is not installed here. */
function resolve(packages, from, name) {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf("/node_modules/")))) {
    const at = `${folder === "" ? "" : `${folder}/`}node_modules/${name}`;
    if (packages[at] && !packages[at].dev && existsSync(inRoot(at))) return at;
    if (folder === "") return null;
  }
}

/**
 * Paths of one package's files that are needed, relative to the repository.
 *
 * @param at   its folder
 * @param arch Node's name of the processor, for example x64
 */
export function runtimeFiles(at, arch) {
  const isNative = existsSync(inRoot(at, "binding.gyp"));
  const manifest = JSON.parse(readFileSync(inRoot(at, "package.json"), "utf8"));
  const typescriptMain = /\.ts$/.test(manifest.main ?? "");
  return [...below(at, "")].filter((path) => {
    const [top = ""] = path.split("/");
    const name = path.slice(path.lastIndexOf("/") + 1);
    if (LICENCE.test(name)) return true;
    if (path.includes("/") && (NOT_CODE.test(top) || (isNative && top === "src"))) return false;
    if (top === "prebuilds") return path.startsWith(`prebuilds/linux-${arch}/`) && !path.includes("musl");
    if (top === "build" && isNative) return /^build\/Release\/[^/]+\.node$/.test(path);
    return typescriptMain || !NOT_READ.test(name);
  });
}

function* below(at, prefix) {
  for (const entry of readdirSync(inRoot(at, prefix), { withFileTypes: true })) {
    const path = prefix === "" ? entry.name : `${prefix}/${entry.name}`;
    if (entry.isDirectory()) {
      if (entry.name !== "node_modules") yield* below(at, path);
    } else if (entry.isFile()) yield path;
  }
}

/** Native code of a staged tree: full paths of its .node files. */
export function nativeFiles(folder) {
  return readdirSync(folder, { recursive: true })
    .map((path) => join(folder, String(path)))
    .filter((path) => path.endsWith(".node") && statSync(path).isFile());
}
