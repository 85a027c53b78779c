import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseDocuments, personsOf } from "../../../../engine/cli/documents.ts";
import { EngineInputError } from "../../../../engine/errors.ts";
import { tempFolder } from "../../../support/temp.ts";

const faultOf = (lines: readonly string[], scheme?: Parameters<typeof parseDocuments>[1]): string => {
  try {
    parseDocuments(lines, scheme);
  } catch (fault) {
    if (fault instanceof EngineInputError) return fault.message;
    throw fault;
  }
  return "";
};

describe("the documents that a command names", () => {
  it("are one a line, each with the scheme that it names or that of the flag", () => {
    expect(parseDocuments(["\uFEFF001099000001", "", "BHYT gd 4-01 1234567890"], "cccd")).toEqual([
      { scheme: "cccd", id: "001099000001" },
      { scheme: "bhyt", id: "GD4011234567890" },
    ]);
  });

  it.each([
    ["a scheme that no kiosk reads", "token 0123456789abcdef", "token"],
    ["a scheme of places", "venue 0123456789abcdef", "venue"],
    ["a word that is no scheme", "cmnd 123456789", "vn1405"],
    ["a number of another scheme", "001099000001", "bp1"],
    ["an old number as a chip card's", "123456789", "cccd"],
    ["a card whose printed number is mistyped", "0K3W9-7Q2ZP-4M1-U", "bp1"],
    ["half a certificate", "00".repeat(16), "hc1"],
    ["two numbers on a line", "001099000001 001099000002", "cccd"],
  ])("are refused when a line has %s, without the number in the text", (_, line, scheme) => {
    const said = faultOf(["", line], scheme as Parameters<typeof parseDocuments>[1]);
    expect(said).toMatch(
      new RegExp(`^line 2.*${line.startsWith("token") || line.startsWith("venue") ? line.slice(0, 5) : scheme}`),
    );
    for (const word of line.split(" ").filter((one) => /\d/.test(one))) expect(said).not.toContain(word);
  });

  it("are read from a file that was written on Windows", async () => {
    const idFile = join(tempFolder(), "ids.txt");
    writeFileSync(idFile, "001099000001\r\nbp1 0123456789ABCDEF\r\n\r\n");
    expect((await personsOf({ scheme: "cccd", idFile })).documents).toEqual([
      { scheme: "cccd", id: "001099000001" },
      { scheme: "bp1", id: "0123456789abcdef" },
    ]);
  });

  it("are refused without any scheme", () => {
    expect(faultOf(["001099000001"])).toMatch(/--scheme bp1\|/);
  });
});
