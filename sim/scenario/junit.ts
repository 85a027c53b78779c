import type { ScenarioReport } from "./scenario-report.ts";

/** A report as JUnit XML: one test case an assertion, for build servers. */
export function junitOf(report: ScenarioReport): string {
  const { scenario, seed, assertions, timing } = report;
  const failures = assertions.filter(({ ok }) => !ok).length;
  const cases = assertions.map(({ name, ok, detail }) => {
    const head = `    <testcase classname="${escaped(scenario)}" name="${escaped(name)}" time="0"`;
    return ok ? `${head}/>` : `${head}>\n      <failure message="${escaped(detail)}"/>\n    </testcase>`;
  });
  const counts = `tests="${assertions.length}" failures="${failures}" errors="0" time="${timing.wallSeconds}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    "<testsuites>",
    `  <testsuite name="${escaped(`${scenario}, seed ${seed}`)}" ${counts}>`,
    ...cases,
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? "");
}
