import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { giveUp, inRoot, root, say } from "./root.mjs";
import { runNode } from "./spawn.mjs";

/** The folders that compile to dist of the same name. */
export const CODE = ["protocol", "runtime", "firmware", "kiosk", "gateway", "engine", "sim"];

/** What a build reads: a change of name, size or date below these makes dist stale. */
const INPUTS = [...CODE, "web", "hardware/pinout.json", "package.json", "tsconfig.base.json", "tsconfig.json"];

/** Files that compiled code reads from beside itself. */
const READ_AT_RUN_TIME = /\.(sql|json)$/;

/** Full paths of the files at or below a path; none when it does not exist. */
function* files(path) {
  if (!existsSync(path)) return;
  if (!statSync(path).isDirectory()) {
    yield path;
    return;
  }
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.name === "node_modules" || entry.name === "dist") continue;
    if (entry.isDirectory()) yield* files(join(path, entry.name));
    else yield join(path, entry.name);
  }
}

/** A digest over name, size and date of every file below the given paths of the repository. */
function fingerprint(paths) {
  const digest = createHash("sha256");
  for (const path of paths) {
    for (const file of [...files(inRoot(path))].sort()) {
      const { size, mtimeMs } = statSync(file);
      digest.update(`${file}\0${size}\0${mtimeMs}\n`);
    }
  }
  return digest.digest("hex");
}

/**
 * Runs `make` unless the inputs are the same as when it last succeeded.
 *
 * @param options.name   names the mark below dist
 * @param options.inputs paths of the repository that `make` reads
 * @param options.make   does the work and returns an exit code
 */
export async function whenStale({ name, inputs, make }) {
  const stamp = inRoot("dist", `.${name}.stamp`);
  const mark = fingerprint(inputs);
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === mark) return;
  const code = await make();
  if (code !== 0) giveUp(code, `Building failed (${name}); see the lines above.`);
  mkdirSync(inRoot("dist"), { recursive: true });
  writeFileSync(stamp, mark);
}

/** Builds the product into dist (TypeScript, pages, data files) when a source has changed since the last build. */
export function build() {
  return whenStale({ name: "product", inputs: INPUTS, make: makeProduct });
}

async function makeProduct() {
  say("Building ...");
  const started = Date.now();
  const typescript = await runNode(inRoot("node_modules/typescript/bin/tsc"), ["-b", "tsconfig.json"], { quiet: true });
  if (typescript !== 0) return typescript;
  const pages = await makePages();
  if (pages !== 0) return pages;
  for (const folder of [...CODE, "hardware/pinout.json"]) copyDataFiles(folder);
  say(`Built in ${((Date.now() - started) / 1000).toFixed(1)} s.`);
  return 0;
}

/** Folders of `web/` that are pages; each is built on its own. */
const PAGES = ["kiosk", "gateway", "lab"];

async function makePages() {
  if (!existsSync(inRoot("web/vite.config.ts"))) return 0;
  const args = ["build", "--config", "web/vite.config.ts", "--logLevel", "warn"];
  for (const page of PAGES) {
    const env = { BLUEPOST_PAGE: page };
    const code = await runNode(inRoot("node_modules/vite/bin/vite.js"), args, { quiet: true, env });
    if (code !== 0) return code;
  }
  return 0;
}

/** Copies what compiled code reads beside itself. @param into the folder that the code was compiled to */
export function copyDataFiles(path, into = "dist") {
  for (const file of files(inRoot(path))) {
    if (!READ_AT_RUN_TIME.test(file)) continue;
    const target = inRoot(into, relative(root, file));
    mkdirSync(dirname(target), { recursive: true });
    cpSync(file, target);
  }
}
