import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Static, TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { MalformedError } from "../protocol/errors.ts";

/**
 * Reads a text of data that comes with the product.
 *
 * @param what names it in the error
 * @throws {MalformedError} PROTO_MALFORMED when it is not JSON of that schema
 */
export function parseData<Schema extends TSchema>(schema: Schema, text: string, what: string): Static<Schema> {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    throw new MalformedError("not JSON", {}, { cause });
  }
  if (!Value.Check(schema, data)) throw new MalformedError(`not ${what}`);
  return data;
}

/** Reads every JSON file of a folder, in order of name. @throws whatever `parse` throws */
export async function readDataFolder<Data>(folder: string, parse: (text: string) => Data): Promise<readonly Data[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith(".json")).sort();
  return Promise.all(files.map(async (name) => parse(await readFile(join(folder, name), "utf8"))));
}
