// What a machine must have before anything is installed. Plain Node without dependencies.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "./root.mjs";

const LOWEST_NODE = [20, 19];

function has(command) {
  return spawnSync(command, ["--version"], { stdio: "ignore" }).status === 0;
}

/** Lists what is missing, each with the way to get it; empty when all is there. */
export function missingTools() {
  const missing = [];
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < LOWEST_NODE[0] || (major === LOWEST_NODE[0] && minor < LOWEST_NODE[1])) {
    missing.push(`Node.js ${LOWEST_NODE.join(".")} or newer (this is ${process.versions.node})`);
  }
  if (!has("npm")) missing.push("npm (it comes with Node.js)");
  if (existsSync(join(root, "node_modules/sqlite3/build/Release/node_sqlite3.node"))) return missing;
  // sqlite3 compiles where its prebuilt binary cannot be had.
  const tools = { "g++": "g++", make: "make", python3: "python3" };
  for (const [command, debian] of Object.entries(tools)) {
    if (!has(command)) missing.push(`${command}, to compile the sqlite3 package (Debian: apt-get install ${debian})`);
  }
  return missing;
}

/** Stops with exit code 69 and a clear list when something is missing. */
export function requireTools() {
  const missing = missingTools();
  if (missing.length === 0) return;
  console.error(`Bluepost cannot be built here. Missing:\n${missing.map((line) => `  - ${line}`).join("\n")}`);
  process.exit(69);
}
