import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { missingToolChain } from "./preflight.mjs";
import { EXIT, giveUp, inRoot, say } from "./root.mjs";
import { runProgram } from "./spawn.mjs";

const readJson = (file) => JSON.parse(readFileSync(file, "utf8"));

/**
 * Whether node_modules holds what the lock file asks for.
 *
 * Compares versions, not dates: a checkout touches the lock file without changing it.
 *
 * @param wanted    `packages` of package-lock.json
 * @param installed `packages` of node_modules/.package-lock.json, which npm writes last
 */
export function sameInstall(wanted, installed) {
  const names = Object.keys(wanted).filter((name) => name !== "");
  return (
    Object.keys(installed).every((name) => wanted[name]?.version === installed[name]?.version) &&
    names.every((name) => name in installed || wanted[name].optional === true || wanted[name].devOptional === true)
  );
}

/** Whether everything is installed and sqlite3's binary is there. Reads two files: a few milliseconds. */
export function isInstalled() {
  const record = inRoot("node_modules/.package-lock.json");
  if (!existsSync(record)) return false;
  return (
    sameInstall(readJson(inRoot("package-lock.json")).packages, readJson(record).packages) && sqliteBinary() !== null
  );
}

/** Full path of sqlite3's compiled binary, or null when it has not been built. */
function sqliteBinary() {
  const file = inRoot("node_modules/sqlite3/build/Release/node_sqlite3.node");
  return existsSync(file) ? file : null;
}

/** Why sqlite3's binary does not load in this Node, or null when it does. */
function sqliteFault() {
  const file = sqliteBinary();
  if (file === null) return "it is not there";
  try {
    createRequire(import.meta.url)(file);
    return null;
  } catch (fault) {
    return fault instanceof Error ? fault.message : String(fault);
  }
}

/** Packages whose install scripts may run: those set to true under `allowScripts` in package.json. */
function packagesToBuild() {
  const allowed = readJson(inRoot("package.json")).allowScripts ?? {};
  return Object.keys(allowed).filter((name) => allowed[name] === true && existsSync(inRoot("node_modules", name)));
}

/**
 * Installs the locked packages when they are not there yet, and ends the process with 69 when that fails.
 *
 * No package runs a script of its own but those allowed in package.json, also with an npm that does not know `allowScripts`:
 * the packages are unpacked without scripts, then the allowed ones are built by name.
 */
export async function install() {
  if (isInstalled()) return;
  say("Installing packages (once; sqlite3 takes about a minute where it must be compiled) ...");
  const unpacked = await runProgram("npm", ["ci", "--ignore-scripts", "--loglevel=error"], { quiet: true });
  if (unpacked !== 0)
    giveUp(EXIT.unavailable, "npm ci failed; see the lines above. Is the package registry within reach?");
  for (const name of packagesToBuild()) {
    // sqlite3 first tries a ready-made binary; the others are optional and say at run time that they are missing
    await runProgram("npm", ["rebuild", name, "--ignore-scripts=false", "--loglevel=error"], { quiet: true });
  }
  const fault = sqliteFault();
  if (fault === null) return;
  giveUp(EXIT.unavailable, `sqlite3 could not be built or loaded: ${fault}`, ...(await toolChainAdvice()));
}

async function toolChainAdvice() {
  const missing = missingToolChain();
  if (missing.length > 0) return ["No ready-made binary could be had, and to compile it:", ...missing];
  return ["The tool chain is there, so try: npm rebuild sqlite3 --foreground-scripts"];
}
