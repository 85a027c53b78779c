import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { build } from "./build.mjs";
import { install, isInstalled } from "./install.mjs";
import { preflight } from "./preflight.mjs";
import { EXIT, giveUp, inRoot } from "./root.mjs";

/** Makes sure that packages and dist are there; a few milliseconds when they are. */
export async function prepare() {
  preflight();
  if (!isInstalled()) await install();
  await build();
}

/**
 * Runs one part's program inside this very process, so that signals, streams and exit code are its own.
 *
 * @param part kiosk, gateway, engine or sim
 * @param args its command line, without the program's name
 */
export async function runPart(part, args) {
  await prepare();
  const main = inRoot("dist", part, "main.js");
  if (!existsSync(main)) giveUp(EXIT.unavailable, `There is no ${part} in this build (dist/${part}/main.js).`);
  process.argv = [process.execPath, main, ...args];
  await import(pathToFileURL(main).href);
}
