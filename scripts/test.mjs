// npm test [-- vitest arguments]: installs and builds when needed, runs every suite, and says what ran and what was skipped.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { build } from "./lib/build.mjs";
import { installPackages } from "./lib/install.mjs";
import { requireTools } from "./lib/preflight.mjs";
import { root } from "./lib/root.mjs";

requireTools();
installPackages();
build();

const folder = mkdtempSync(join(tmpdir(), "bluepost-test-"));
const report = join(folder, "report.json");
const args = ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`, ...process.argv.slice(2)];
const done = spawnSync(process.execPath, [join(root, "node_modules/vitest/vitest.mjs"), ...args], {
  cwd: root,
  stdio: "inherit",
});

const kinds = new Map();
const skipped = new Set();
const counts = { passed: 0, failed: 0, skipped: 0 };
try {
  const { testResults } = JSON.parse(readFileSync(report, "utf8"));
  for (const { name, assertionResults, status } of testResults) {
    const kind = relative(root, name).split("/")[1];
    const all =
      assertionResults.length > 0 &&
      assertionResults.every((test) => test.status === "skipped" || test.status === "pending");
    const entry = kinds.get(kind) ?? { ran: 0, skipped: 0 };
    if (all) entry.skipped += 1;
    else entry.ran += 1;
    kinds.set(kind, entry);
    if (assertionResults.length === 0 && status === "failed") counts.failed += 1;
    for (const test of assertionResults) {
      if (test.status === "passed") counts.passed += 1;
      else if (test.status === "failed") counts.failed += 1;
      else {
        counts.skipped += 1;
        if (test.ancestorTitles[0]) skipped.add(test.ancestorTitles[0]);
      }
    }
  }
} catch {
  console.error("The test runner wrote no report.");
}
rmSync(folder, { recursive: true, force: true });

console.log("\nSuites by kind (files):");
for (const [kind, { ran, skipped: left }] of kinds) console.log(`  ${kind.padEnd(14)}${ran} ran, ${left} skipped`);
if (skipped.size > 0) console.log(`Skipped:\n${[...skipped].map((line) => `  - ${line}`).join("\n")}`);
console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exit(done.status ?? 1);
