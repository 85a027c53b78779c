import { describe, expect, it } from "vitest";
import { FAULT_BLINKS } from "../../firmware/ports/indicator-patterns.ts";
import { filesBelow, PRODUCT, readSources, typescriptBelow } from "../support/sources.ts";

const CODE = /\b(?:PROTO|RT|FW|KIOSK|GW|ENGINE|SIM)_[A-Z0-9_]+\b/;
const FAULT_CLASS = /readonly code = "([A-Z0-9_]+)"[\s\S]*?(?=\nexport |\nclass |$)/g;

/** Fault classes of the product: code, and whether its recovery is (or may be) a person. */
const faults = typescriptBelow(PRODUCT).flatMap(({ path, text }) =>
  [...text.matchAll(FAULT_CLASS)].map(([body, code = ""]) => ({
    code,
    path,
    operator: /recovery = [^;]*"operator"/.test(body),
  })),
);

/** Rows of a table in a document, by the code in their first column. */
function rows(path: string): Map<string, string[]> {
  const [document] = readSources(filesBelow(["hardware/docs"], [path]));
  const found = new Map<string, string[]>();
  for (const line of document?.text.split("\n") ?? []) {
    const cells = line.split("|").map((cell) => cell.trim());
    const code = CODE.exec(cells[1] ?? "")?.[0];
    if (line.startsWith("|") && code !== undefined) found.set(code, cells.slice(2, -1));
  }
  return found;
}

/** Programs without lamps say what is wrong on their page and in their log. */
const hasLamps = (code: string): boolean => /^(RT|FW|KIOSK|PROTO)_/.test(code);

describe("hardware/docs/errors.md", () => {
  const documented = rows("hardware/docs/errors.md");

  it("has a row for every code of the product", () => {
    const missing = faults.filter(({ code }) => !documented.has(code)).map(({ code, path }) => `${code} (${path})`);
    expect(missing).toEqual([]);
  });

  it("has no row for a code that is gone", () => {
    const codes = new Set(faults.map(({ code }) => code));
    expect([...documented.keys()].filter((code) => !codes.has(code))).toEqual([]);
  });

  it("says for each what it means, what the kiosk shows and what a technician does", () => {
    const thin = [...documented].filter(([, cells]) => cells.length !== 3 || cells.some((cell) => cell.length < 4));
    expect(thin.map(([code]) => code)).toEqual([]);
  });

  it("gives each code to one class only, with a prefix of its own folder", () => {
    const codes = faults.map(({ code }) => code);
    expect(codes.filter((code, at) => codes.indexOf(code) !== at)).toEqual([]);
    const home = {
      PROTO: "protocol",
      RT: "runtime",
      FW: "firmware",
      KIOSK: "kiosk",
      GW: "gateway",
      ENGINE: "engine",
      SIM: "sim",
    };
    const strays = faults.filter(({ code, path }) => {
      const prefix = code.slice(0, code.indexOf("_")) as keyof typeof home;
      return !path.startsWith(`${home[prefix]}/`);
    });
    expect(strays).toEqual([]);
  });
});

describe("hardware/docs/faults.md", () => {
  const lamps = rows("hardware/docs/faults.md");

  it("tells the lamps of every fault of a kiosk that a person must mend", () => {
    const missing = faults.filter(({ code, operator }) => operator && hasLamps(code) && !lamps.has(code));
    expect(missing.map(({ code }) => code)).toEqual([]);
  });

  it("tells the number of blinks that the firmware shows", () => {
    const wrong = Object.entries(FAULT_BLINKS).filter(
      ([code, blinks]) => !lamps.get(code)?.join(" ").includes(String(blinks)),
    );
    expect(wrong.map(([code]) => code)).toEqual([]);
  });

  it("has blinks in the firmware for each of them", () => {
    const missing = faults.filter(({ code, operator }) => operator && hasLamps(code) && !(code in FAULT_BLINKS));
    expect(missing.map(({ code }) => code)).toEqual([]);
  });
});
