import { writeFileSync } from "node:fs";
import { relative } from "node:path";
import { root } from "./root.mjs";

/** A vitest reporter that writes what vitest.mjs sums up: per file its kind, the state of its tests, and why some were skipped. */
// biome-ignore lint/style/noDefaultExport: vitest loads a reporter by its default export
export default class SummaryReporter {
  onTestRunEnd(modules, errors) {
    const files = modules.map((module) => describeModule(module));
    writeFileSync(process.env.BLUEPOST_TEST_SUMMARY, JSON.stringify({ files, errors: errors.length }));
  }
}

function describeModule(module) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const skips = new Set();
  for (const test of module.children.allTests()) {
    const { state, note } = test.result();
    if (state === "passed" || state === "failed") counts[state] += 1;
    else {
      counts.skipped += 1;
      skips.add(note ? `${test.fullName}: ${note}` : skipLine(test));
    }
  }
  const broken = module.state() === "failed" && counts.failed === 0; // did not load, or a hook failed
  if (broken) counts.failed = 1;
  const titles = [...module.children.allSuites()].map((suite) => suite.fullName);
  return { kind: module.project.name, file: relative(root, module.moduleId), counts, skips: [...skips], titles };
}

/** The outermost skipped suite speaks for all tests below it. */
function skipLine(test) {
  let line = test.fullName;
  for (let at = test.parent; at.type === "suite"; at = at.parent) if (at.options.mode === "skip") line = at.fullName;
  return line;
}
