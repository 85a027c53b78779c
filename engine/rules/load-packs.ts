import { join } from "node:path";
import { readDataFolder } from "../data-files.ts";
import { parseRulePack, type RulePack } from "./rule-pack.ts";

/** Reads the rule packs that come with the product, the oldest first. @throws {MalformedError} PROTO_MALFORMED when one is not a pack */
export async function loadRulePacks(): Promise<readonly RulePack[]> {
  const packs = await readDataFolder(join(import.meta.dirname, "packs"), parseRulePack);
  return [...packs].sort((left, right) => (left.inForce.from < right.inForce.from ? -1 : 1));
}
