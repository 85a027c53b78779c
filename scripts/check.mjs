// npm run check: every static check, without running a test.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "./lib/root.mjs";

const bin = (path) => join(root, "node_modules", path);
const CHECKS = [
  ["lint and format", bin("@biomejs/biome/bin/biome"), ["ci", "--error-on-warnings", "."]],
  ["types of the product", bin("typescript/bin/tsc"), ["-p", "tsconfig.json", "--noEmit"]],
  ["types of the tests", bin("typescript/bin/tsc"), ["-p", "test/tsconfig.json", "--noEmit"]],
  ["types of the pages", bin("typescript/bin/tsc"), ["-p", "web/tsconfig.json", "--noEmit"]],
];

let failed = 0;
for (const [name, script, args] of CHECKS) {
  if (args[1]?.endsWith("tsconfig.json") && !existsSync(join(root, args[1]))) continue;
  const done = spawnSync(process.execPath, [script, ...args], { cwd: root, stdio: "inherit" });
  console.log(`${done.status === 0 ? "ok    " : "FAILED"} ${name}`);
  if (done.status !== 0) failed += 1;
}
process.exit(failed === 0 ? 0 : 1);
