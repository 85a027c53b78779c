import { existsSync } from "node:fs";
import { join, posix } from "node:path";
import { expect, it } from "vitest";
import { repository } from "../support/repository.ts";
import { filesBelow, readSources, type Source } from "../support/sources.ts";

/** First parts of a path that make it one of ours; `dist/` is made by the build. */
const TOP = "protocol|runtime|firmware|kiosk|gateway|engine|web|sim|hardware|scripts|test";
const IN_CODE_MARKS = new RegExp(`\`((?:${TOP})/[\\w./*-]*)\``, "g");
const LINK = /\]\((?!https?:|mailto:|#)([^)#\s]+)/g;

const documents = readSources(
  filesBelow([""], [".md"]).filter((path) => !path.startsWith("test/") && path !== "CHANGELOG.md"),
);

function missing(source: Source, pattern: RegExp, base: string): string[] {
  return [...source.text.matchAll(pattern)]
    .map(([, path = ""]) => path)
    .filter((path) => !exists(posix.join(base, path)))
    .map((path) => `${source.path}: ${path}`);
}

/** A path with a star is there when its folder is. */
function exists(path: string): boolean {
  const star = path.indexOf("*");
  return existsSync(join(repository, star < 0 ? path : posix.dirname(path.slice(0, star + 1))));
}

it("names in its documents only files and folders that are there", () => {
  expect(documents.flatMap((source) => missing(source, IN_CODE_MARKS, ""))).toEqual([]);
});

it("links only to files that are there", () => {
  expect(documents.flatMap((source) => missing(source, LINK, posix.dirname(source.path)))).toEqual([]);
});
