import { describe, expect, it } from "vitest";
import { type Import, importsOf, PRODUCT, type Source, typescriptBelow } from "../support/sources.ts";

/** Who may import whom: STYLE B4, kept in ARCHITECTURE.md. A folder may always import itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  runtime: ["protocol"],
  "firmware/ports": ["protocol"],
  "firmware/rpi": ["protocol", "runtime", "firmware/ports"],
  kiosk: ["protocol", "runtime", "firmware/ports"],
  gateway: ["protocol", "runtime"],
  engine: ["protocol", "runtime"],
  web: ["protocol"],
  sim: ["protocol", "runtime", "firmware/ports"],
};

/** Single files that may import more: composition roots, and the simulator's use of each part's `app.ts`. */
const ALSO = (from: string, to: string): boolean =>
  (/^kiosk\/(main\.ts|start\/)/.test(from) && to.startsWith("firmware/rpi/")) ||
  (from.startsWith("sim/") && /^(kiosk|gateway|engine)\/app\.ts$/.test(to));

/** Packages with an edge of their own to the world, each only in files named after it or listed here. */
const DRIVERS: Readonly<Record<string, readonly string[]>> = {
  serialport: [
    "firmware/rpi/serial-qr-scanner.ts",
    "firmware/rpi/firmata-indicator.ts",
    "firmware/rpi/johnny-five-board.ts",
  ],
  onoff: [],
  "johnny-five": [],
  "firmata-io": ["firmware/rpi/johnny-five-board.ts"],
  "@abandonware/noble": [],
  "@abandonware/bleno": [],
  mqtt: [],
  aedes: ["gateway/broker/connection.ts"],
  sqlite3: ["runtime/sqlite/database.ts"],
  pino: ["runtime/log.ts"],
  "zxing-wasm": ["kiosk/cli/decode.ts"],
  "smol-toml": ["runtime/config.ts"],
  "@peculiar/x509": ["runtime/pki/authority.ts", "runtime/pki/chain.ts", "runtime/pki/request.ts"],
  "@hpke/core": ["protocol/checkin/hpke-box.ts"],
  "cbor-x": ["protocol/cbor.ts"],
  cbor2: ["protocol/cbor.ts"],
  "cose-kit": ["protocol/cose.ts"],
};

const sources = typescriptBelow(PRODUCT);

/** The folder of the table that a path belongs to; firmware has two. */
function folderOf(path: string): string {
  const [first = "", second = ""] = path.split("/");
  return first === "firmware" ? `${first}/${second}` : first;
}

function breaks(rule: (source: Source, imported: Import) => boolean, among: readonly Source[] = sources): string[] {
  return among.flatMap((source) =>
    importsOf(source)
      .filter((imported) => rule(source, imported))
      .map(({ target }) => `${source.path} imports ${target}`),
  );
}

describe("imports", () => {
  it("are found at all, in every folder of the product that has code", () => {
    const seen = importsOf({
      path: "kiosk/scan/x.ts",
      text: 'import { a } from "./y.ts";\nimport type {\n  B,\n} from "../../protocol/b.ts";\nexport * from "node:fs";\nconst c = await import("@scope/pkg/deep");\nimport "side";\n',
    });
    expect(seen.map(({ kind, target }) => `${kind} ${target}`)).toEqual([
      "ours kiosk/scan/y.ts",
      "ours protocol/b.ts",
      "node node:fs",
      "package side",
      "package @scope/pkg",
    ]);
  });

  it("follow the table of folders", () => {
    const wrong = breaks(({ path }, { kind, target }) => {
      if (kind !== "ours") return false;
      const from = folderOf(path);
      const to = folderOf(target);
      return from !== to && !(MAY_IMPORT[from] ?? []).includes(to) && !ALSO(path, target);
    });
    expect(wrong).toEqual([]);
  });

  it("stay inside the folders of the table", () => {
    expect(sources.map(({ path }) => folderOf(path)).filter((folder) => !(folder in MAY_IMPORT))).toEqual([]);
  });

  it("keep node: out of protocol and web", () => {
    const wrong = breaks(({ path }, { kind }) => kind === "node" && /^(protocol|web\/(?!vite\.config))/.test(path));
    expect(wrong).toEqual([]);
  });

  it("keep drivers in files named after them", () => {
    const wrong = breaks(({ path }, { kind, target, typeOnly }) => {
      const files = DRIVERS[target];
      if (kind !== "package" || typeOnly || files === undefined) return false;
      const name = target.replace(/^@[^/]+\//, "");
      return !files.includes(path) && !path.split("/").at(-1)?.includes(name);
    });
    expect(wrong).toEqual([]);
  });

  it("never reach a part's main.ts, nor its app.ts from its own features", () => {
    const wrong = breaks(({ path }, { kind, target, typeOnly }) => {
      if (kind !== "ours" || typeOnly) return false;
      if (/^[a-z]+\/main\.ts$/.test(target)) return true;
      const app = /^([a-z]+)\/app\.ts$/.exec(target);
      return app !== null && path.startsWith(`${app[1]}/`) && !/^[a-z]+\/(main\.ts|start\.ts|start\/|cli\/)/.test(path);
    });
    expect(wrong).toEqual([]);
  });

  it("never reach the tests or the scripts", () => {
    expect(breaks((_source, { target }) => /^(test|scripts)\//.test(target) || target === "vitest")).toEqual([]);
  });

  it("name what they take: no default exports", () => {
    const wrong = sources
      .filter(({ path, text }) => !path.endsWith(".config.ts") && /^export default\b|\bas default\b/m.test(text))
      .map(({ path }) => path);
    expect(wrong).toEqual([]);
  });

  it("take a file from where it is: no barrels but protocol/index.ts", () => {
    const wrong = sources
      .filter(({ path, text }) => path !== "protocol/index.ts" && /^export \* from/m.test(text))
      .map(({ path }) => path);
    expect(wrong).toEqual([]);
  });
});
