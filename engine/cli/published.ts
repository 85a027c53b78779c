import { writeFile } from "node:fs/promises";
import type { Command } from "commander";
import { HOUR_MS } from "../../protocol/units.ts";
import { EngineInputError } from "../errors.ts";
import { type CommonFlags, guarded, integer, print, withConfig, withEngine } from "./flags.ts";
import { localTime, table } from "./table.ts";

/** Adds `published`. */
export function registerPublishedCommands(program: Command): void {
  const published = program
    .command("published")
    .description("the signed hourly files that phones match for themselves");
  withConfig(published.command("list")).description("the files that are kept").action(guarded(list));
  withConfig(published.command("make"))
    .description("make this hour's file now; the service does it by itself")
    .action(guarded(make));
  withConfig(published.command("get"))
    .requiredOption("--number <n>", "number of the file", integer(1, 999_999_999))
    .requiredOption("--out <file>", "new file to write")
    .description("write one file as it was signed")
    .action(guarded(get));
}

async function list(flags: CommonFlags): Promise<number> {
  const files = await withEngine(flags, (engine) => engine.publisher.files());
  const rows = files.map(({ number, hour }) => [number, localTime(hour * HOUR_MS)]);
  print(flags, { files }, rows.length === 0 ? ["none"] : table(["file", "hour"], rows));
  return 0;
}

async function make(flags: CommonFlags): Promise<number> {
  const made = await withEngine(flags, (engine) => engine.publisher.makeFile());
  print(flags, { made }, [made ? `file ${made.number}` : "this hour's file is there already"]);
  return 0;
}

async function get(flags: CommonFlags & { readonly number: number; readonly out: string }): Promise<number> {
  const { number, out } = flags;
  const bytes = await withEngine(flags, (engine) => engine.publisher.file(number));
  if (!bytes) throw new EngineInputError("no such file is kept: `bluepost-engine published list` shows them");
  await writeFile(out, bytes, { flag: "wx" });
  print(flags, { number, file: out, bytes: bytes.length }, [`${bytes.length} bytes in ${out}`]);
  return 0;
}
