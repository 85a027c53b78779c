import { describe, expect, it } from "vitest";
import { filesBelow, PRODUCT, readSources, type Source } from "../support/sources.ts";

const TEXT = [".ts", ".tsx", ".mjs", ".cjs", ".json", ".md", ".html", ".css", ".sql", ".toml", ".c", ".sh", "/run"];
const everything = readSources(
  filesBelow(["", ".ci"], TEXT).filter(
    (path) => !path.endsWith("package-lock.json") && !path.startsWith("test/architecture/"),
  ),
);
const under = (...folders: readonly string[]): Source[] =>
  everything.filter(({ path }) => folders.some((folder) => path.startsWith(`${folder}/`)));

function lines(sources: readonly Source[], pattern: RegExp): string[] {
  return sources.flatMap(({ path, text }) =>
    text.split("\n").flatMap((line, at) => (pattern.test(line) ? [`${path}:${at + 1}: ${line.trim()}`] : [])),
  );
}

describe("the tests", () => {
  it("focus on nothing", () => {
    expect(lines(under("test"), /\b(?:describe|it|test)\.only\b|\bfit\(|\bfdescribe\(/)).toEqual([]);
  });

  it("skip only with the reason in the title", () => {
    const skips = lines(under("test"), /\b(?:describe|it|test)\.(?:skip|todo)\(/);
    expect(skips.filter((line) => !/skipped: |\bline\b/.test(line))).toEqual([]);
    const conditional = under("test").filter(
      ({ text }) => /\.(?:skipIf|runIf)\(/.test(text) && !/skipped: |\bNO_[A-Z]+\b|\$\{no[A-Z]\w+/.test(text),
    );
    expect(conditional.map(({ path }) => path)).toEqual([]);
  });

  it("wait for conditions, and for time only with the reason in a comment above", () => {
    const sleep = /await\s+(?:sleep|delay)\(|setTimeout\(\s*(?:resolve|done|r)\b/;
    const sleeps = under("test").flatMap(({ path, text }) => {
      const all = text.split("\n");
      const explained = (at: number): boolean =>
        all.slice(Math.max(0, at - 3), at + 1).some((line) => /\/\/|\*\//.test(line));
      return all.flatMap((line, at) => (sleep.test(line) && !explained(at) ? [`${path}:${at + 1}`] : []));
    });
    expect(sleeps).toEqual([]);
  });

  it("never import what was built", () => {
    expect(lines(under("test"), /from\s+"[./]*\/dist\//)).toEqual([]);
  });
});

describe("the repository", () => {
  it("leaves no note to do later without an issue's number", () => {
    const notes = lines([...under(...PRODUCT, "test", "scripts")], /\b(?:TODO|FIXME|XXX|HACK)\b/);
    expect(notes.filter((line) => !/\b(?:TODO|FIXME)\(#\d+\)/.test(line))).toEqual([]);
  });

  it("names no folder of one machine", () => {
    expect(lines(everything, /(?<![\w.])\/(?:work|root|Users)\/|(?<![\w.])\/home\/(?!pi\b|bluepost\b)\w/)).toEqual([]);
  });

  it("names no host that packages come from", () => {
    const config = readSources(filesBelow([""], [".npmrc", "package-lock.json"]));
    expect(lines(config, /registry\s*=|"resolved":\s*"https?:/)).toEqual([]);
  });

  it("gives a reason for each lint rule that it switches off", () => {
    const bare = lines(everything, /biome-ignore\s+[^:]+:?\s*$|@ts-(?:ignore|nocheck)|eslint-disable/);
    expect(bare).toEqual([]);
  });
});

describe("the product", () => {
  it("never asks whether it is under test or simulated", () => {
    const asks = lines(under(...PRODUCT.filter((folder) => folder !== "sim")), /NODE_ENV|VITEST|isSimulated|isTest\b/);
    expect(asks).toEqual([]);
  });
});
