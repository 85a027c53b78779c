import { expect, it } from "vitest";
import { filesBelow, PRODUCT, readSources, typescriptBelow } from "../support/sources.ts";

const PRODUCT_LINES = 350;
const TEST_LINES = 500;

function longer(sources: readonly { path: string; text: string }[], lines: number): string[] {
  return sources
    .map(({ path, text }) => ({ path, count: text.trimEnd().split("\n").length }))
    .filter(({ count }) => count > lines)
    .map(({ path, count }) => `${path} has ${count} lines`);
}

it(`keeps files of the product and the scripts within ${PRODUCT_LINES} lines`, () => {
  const scripts = readSources(filesBelow(["scripts"], [".mjs"]));
  expect(longer([...typescriptBelow(PRODUCT), ...scripts], PRODUCT_LINES)).toEqual([]);
});

it(`keeps files of tests within ${TEST_LINES} lines`, () => {
  expect(longer(typescriptBelow(["test"]), TEST_LINES)).toEqual([]);
});
