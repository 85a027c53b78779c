import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type CheckList, parseCheckList } from "./check-list.ts";

const FOLDER = join(import.meta.dirname, "lists");

/** Reads the check lists that come with the product, by id. @throws {MalformedError} PROTO_MALFORMED when one is not a check list */
export async function loadCheckLists(): Promise<ReadonlyMap<string, CheckList>> {
  const files = (await readdir(FOLDER)).filter((name) => name.endsWith(".json")).sort();
  const lists = await Promise.all(
    files.map(async (name) => parseCheckList(await readFile(join(FOLDER, name), "utf8"))),
  );
  return new Map(lists.map((list) => [list.id, list]));
}
