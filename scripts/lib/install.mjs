// Installs the packages when they are missing or older than the lock file.
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { root } from "./root.mjs";

function fresh() {
  const installed = join(root, "node_modules/.package-lock.json");
  return existsSync(installed) && statSync(installed).mtimeMs >= statSync(join(root, "package-lock.json")).mtimeMs;
}

function sqliteLoads() {
  return spawnSync(process.execPath, ["-e", "require('sqlite3')"], { cwd: root, stdio: "ignore" }).status === 0;
}

/** Runs `npm ci` when needed. Exits with npm's code when it fails. */
export function installPackages() {
  if (!fresh()) {
    console.error("Installing packages (a minute or two, the first time) ...");
    run(["ci", "--no-audit", "--no-fund"]);
  }
  if (sqliteLoads()) return;
  console.error("Building sqlite3 ...");
  run(["rebuild", "sqlite3"]);
}

function run(args) {
  const done = spawnSync("npm", args, { cwd: root, stdio: ["ignore", 2, 2] });
  if (done.status !== 0) {
    console.error(`npm ${args[0]} failed. If it could not compile sqlite3, install g++, make and python3.`);
    process.exit(done.status ?? 1);
  }
}
