import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inRoot } from "./root.mjs";
import { runNode } from "./spawn.mjs";

/**
 * Runs vitest over all projects and prints per kind what ran, what was skipped and why, and the counts as the last line.
 *
 * @param args vitest's own arguments, for example `--project unit` or a part of a file name
 * @param env  variables for the tests
 * @returns vitest's exit code
 */
export async function runSuites(args, env = {}) {
  const folder = mkdtempSync(join(tmpdir(), "bluepost-test-"));
  const summary = join(folder, "summary.json");
  try {
    const reporters = ["--reporter=default", `--reporter=${inRoot("scripts/lib/report.mjs")}`];
    const chosen = args.some((arg) => arg.startsWith("--project")) ? [] : ["--project=!lab"]; // npm run lab has its own machine
    const code = await runNode(inRoot("node_modules/vitest/vitest.mjs"), ["run", ...reporters, ...chosen, ...args], {
      env: { ...env, BLUEPOST_TEST_SUMMARY: summary },
    });
    printSummary(readSummary(summary));
    return code;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readSummary(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    console.log("The test runner ended without a report."); // its exit code says that it failed
    return { files: [], errors: 0 };
  }
}

function printSummary({ files, errors }) {
  const kinds = new Map();
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const { kind, counts } of files) {
    const row = kinds.get(kind) ?? { ran: 0, skipped: 0 };
    row[counts.passed + counts.failed > 0 ? "ran" : "skipped"] += 1;
    kinds.set(kind, row);
    for (const state of Object.keys(total)) total[state] += counts[state];
  }
  console.log("\nFiles of tests by kind:");
  for (const [kind, row] of kinds) console.log(`  ${kind.padEnd(14)}${row.ran} ran, ${row.skipped} skipped`);
  printList("Skipped, and why:", [...new Set(files.flatMap(({ skips }) => skips))]);
  printList("External test data:", vectorLines(files));
  if (errors > 0) console.log(`\n${errors} errors outside tests: the run counts as failed`);
  console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
}

function printList(title, lines) {
  if (lines.length > 0) console.log(`\n${title}\n${lines.map((line) => `  - ${line}`).join("\n")}`);
}

/** Suites over external data carry `[vectors/NAME]` in their title (test/support/vectors.ts). */
function vectorLines(files) {
  const folders = new Map();
  for (const title of files.flatMap(({ titles }) => titles)) {
    const folder = /\[vectors\/([^\]]+)\]/.exec(title)?.[1];
    if (folder === undefined || title.includes(" > ")) continue;
    const row = folders.get(folder) ?? { ran: 0, skipped: 0 };
    row[title.includes("] skipped:") ? "skipped" : "ran"] += 1;
    folders.set(folder, row);
  }
  return [...folders].sort().map(([folder, row]) => `${folder}: ${row.ran} suites ran, ${row.skipped} skipped`);
}
