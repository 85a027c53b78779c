import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseRulePack, type RulePack } from "./rule-pack.ts";

const FOLDER = join(import.meta.dirname, "packs");

/** Reads the rule packs that come with the product, the oldest first. @throws {MalformedError} PROTO_MALFORMED when one is not a pack */
export async function loadRulePacks(): Promise<readonly RulePack[]> {
  const files = (await readdir(FOLDER)).filter((name) => name.endsWith(".json"));
  const packs = await Promise.all(files.map(async (name) => parseRulePack(await readFile(join(FOLDER, name), "utf8"))));
  return packs.sort((left, right) => (left.inForce.from < right.inForce.from ? -1 : 1));
}
