import { join } from "node:path";
import { readDataFolder } from "../data-files.ts";
import { type CheckList, parseCheckList } from "./check-list.ts";

/** Reads the check lists that come with the product, by id. @throws {MalformedError} PROTO_MALFORMED when one is not a check list */
export async function loadCheckLists(): Promise<ReadonlyMap<string, CheckList>> {
  const lists = await readDataFolder(join(import.meta.dirname, "lists"), parseCheckList);
  return new Map(lists.map((list) => [list.id, list]));
}
