// Builds dist/: TypeScript, web pages, and the data files that the compiled code reads.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "./root.mjs";

const CODE = ["protocol", "runtime", "firmware", "kiosk", "gateway", "engine", "sim"];
const STAMP = join(root, "dist/.built");
const DATA = /\.(sql|json)$/;

function* files(folder) {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* files(path);
    else yield path;
  }
}

function newest(folders) {
  let time = 0;
  for (const folder of folders)
    for (const file of files(join(root, folder))) time = Math.max(time, statSync(file).mtimeMs);
  for (const file of ["tsconfig.json", "tsconfig.base.json", "package.json"])
    time = Math.max(time, statSync(join(root, file)).mtimeMs);
  return time;
}

function run(command, args) {
  const done = spawnSync(command, args, { cwd: root, stdio: ["ignore", 2, 2] });
  if (done.status !== 0) {
    console.error(`The build failed at: ${[command, ...args].join(" ")}`);
    process.exit(1);
  }
}

/** Whether dist/ is newer than every source. */
export function isBuilt() {
  return existsSync(STAMP) && statSync(STAMP).mtimeMs >= newest([...CODE, "web", "hardware"]);
}

/** Builds what is out of date. */
export function build() {
  if (isBuilt()) return;
  console.error("Building ...");
  const started = Date.now();
  run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-b", "tsconfig.json"]);
  if (existsSync(join(root, "web/vite.config.ts"))) {
    run(process.execPath, [
      join(root, "node_modules/vite/bin/vite.js"),
      "build",
      "--config",
      "web/vite.config.ts",
      "--logLevel",
      "warn",
    ]);
  }
  for (const folder of CODE) for (const file of files(join(root, folder))) if (DATA.test(file)) copy(file);
  if (existsSync(join(root, "hardware/pinout.json"))) copy(join(root, "hardware/pinout.json"));
  writeFileSync(STAMP, "");
  console.error(`Built in ${((Date.now() - started) / 1000).toFixed(1)} s.`);
}

function copy(file) {
  const target = join(root, "dist", file.slice(root.length + 1));
  mkdirSync(dirname(target), { recursive: true });
  cpSync(file, target);
}
