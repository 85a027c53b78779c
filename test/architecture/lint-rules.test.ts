import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { repository } from "../support/repository.ts";

/** Code that each rule must refuse. The files are written by the test, so that no linter meets them before. */
const KNOWN_BAD: Readonly<Record<string, string>> = {
  "floating.ts": `async function save(): Promise<void> {}
export function forget(): void {
  save();
}
`,
  "misused.ts": `async function check(): Promise<boolean> {
  return await Promise.resolve(false);
}
export function decide(): string {
  if (check()) return "yes";
  return "no";
}
`,
  "cycle-a.ts": `import { b } from "./cycle-b.ts";
export const a: number = b + 1;
`,
  "cycle-b.ts": `import { a } from "./cycle-a.ts";
export const b: number = a + 1;
`,
  "loose.ts": `export default class Loose {}
export function first(list: any[]): string {
  console.log(list);
  return list[0]!.name;
}
`,
};

const MUST_FIRE: Readonly<Record<string, string>> = {
  noFloatingPromises: "floating.ts",
  noMisusedPromises: "misused.ts",
  noImportCycles: "cycle-a.ts",
  noDefaultExport: "loose.ts",
  noExplicitAny: "loose.ts",
  noConsole: "loose.ts",
  noNonNullAssertion: "loose.ts",
};

/** Findings of Biome with our configuration, as `rule file`. */
async function lint(folder: string): Promise<string[]> {
  const biome = join(repository, "node_modules/@biomejs/biome/bin/biome");
  const args = [biome, "lint", "--reporter=json", "--max-diagnostics=200", relative(repository, folder)];
  const output = await new Promise<string>((resolve) => {
    execFile(process.execPath, args, { cwd: repository, maxBuffer: 16e6 }, (_fault, stdout) => resolve(stdout));
  });
  const report = JSON.parse(output) as {
    diagnostics: { category: string; location: { path: string | { file: string } } }[];
  };
  return report.diagnostics.map(({ category, location }) => {
    const file = typeof location.path === "string" ? location.path : location.path.file;
    return `${category.split("/").at(-1)} ${file.split("/").at(-1)}`;
  });
}

it("has a linter that finds what it is relied on for", async () => {
  mkdirSync(join(repository, "run"), { recursive: true }); // not in git, and no other check looks there
  const folder = mkdtempSync(join(repository, "run/known-bad-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(KNOWN_BAD)) writeFileSync(join(folder, name), text);
  const found = await lint(folder);
  const silent = Object.entries(MUST_FIRE).filter(([rule, file]) => !found.includes(`${rule} ${file}`));
  expect(silent.map(([rule]) => rule)).toEqual([]);
});
