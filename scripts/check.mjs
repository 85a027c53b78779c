// npm run check: every static check, without running a test. All of them run, also after one has failed.
import { existsSync } from "node:fs";
import { EXIT, inRoot } from "./lib/root.mjs";
import { runNode } from "./lib/spawn.mjs";

const BIOME = "node_modules/@biomejs/biome/bin/biome";
const TSC = "node_modules/typescript/bin/tsc";
const CHECKS = [
  {
    name: "lint and format",
    program: BIOME,
    args: ["ci", "--error-on-warnings", `--colors=${process.stdout.isTTY ? "force" : "off"}`, "."],
  },
  { name: "types of the product", program: TSC, args: ["-p", "tsconfig.json", "--noEmit"], needs: "tsconfig.json" },
  {
    name: "types of the pages",
    program: TSC,
    args: ["-p", "web/tsconfig.json", "--noEmit"],
    needs: "web/tsconfig.json",
  },
  {
    name: "types of the tests",
    program: TSC,
    args: ["-p", "test/tsconfig.json", "--noEmit"],
    needs: "test/tsconfig.json",
  },
];

const failed = [];
for (const { name, program, args, needs } of CHECKS) {
  if (needs && !existsSync(inRoot(needs))) continue;
  const code = await runNode(inRoot(program), args);
  console.log(`${code === 0 ? "ok    " : "FAILED"} ${name}`);
  if (code !== 0) failed.push(name);
}
process.exit(failed.length === 0 ? EXIT.ok : EXIT.failure);
