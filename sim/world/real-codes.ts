import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../runtime/package-paths.ts";

/** Codes as official documents print them; facts, with their source beside each. */
const REFERENCE_CODES: readonly string[] = [
  "001093029317|NGUYEN LE KHA HAN|1987-01-18|0|162979388586171100|<1<<<", // Decision 1405/QD-BTTTT, the example
  "https://tokhaiyte.vn/", // the declaration site that door posters pointed to
  "https://pccovid.gov.vn/",
  "3", // a bare number: so many unnamed companions
];

/** Folder of external test data: `BLUEPOST_VECTORS`, by default `shared/vectors` beside the repository. */
function vectorsFolder(): string {
  return process.env["BLUEPOST_VECTORS"] ?? join(packageRoot(), "../shared/vectors");
}

/**
 * Codes that nobody here made: those of the reference documents, and, where the folder of test data is there, vaccine passports and
 * venue posters of other systems. In a fixed order.
 */
export function realCodes(): readonly string[] {
  const folder = vectorsFolder();
  if (!existsSync(folder)) return REFERENCE_CODES;
  return [...REFERENCE_CODES, ...passports(join(folder, "dcc-testdata")), ...posters(folder)];
}

function passports(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => (readJson(join(folder, name)) as { PREFIX?: unknown }).PREFIX)
    .filter((text): text is string => typeof text === "string");
}

function posters(folder: string): readonly string[] {
  const nz = join(folder, "nzcovidtracer/qr-vectors.json");
  const cwa = join(folder, "cwa/presence-tracing-vectors.json");
  const first = existsSync(nz) ? (readJson(nz) as { qr?: string }[]).map(({ qr = "" }) => qr) : [];
  const second = existsSync(cwa) ? ((readJson(cwa) as { validUrls?: unknown[] }).validUrls ?? []) : [];
  return [...first, ...second.filter((url): url is string => typeof url === "string")];
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, "utf8"));
}
