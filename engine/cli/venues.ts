import type { Command } from "commander";
import { parseVenueId, type VenueId } from "../../protocol/ids.ts";
import { loadStays } from "../app.ts";
import { argument, type CommonFlags, guarded, integer, print, withConfig, withEngine } from "./flags.ts";
import { table } from "./table.ts";

interface VenueFlags extends CommonFlags {
  readonly venue: VenueId;
  readonly name: string;
  readonly type: string;
  readonly closingHour?: number;
}

/** Adds `venues`. */
export function registerVenueCommands(program: Command): void {
  const venues = program
    .command("venues")
    .description("venues by name and type; rows of a venue that is not here are kept, under the fallback type");
  withConfig(venues.command("add"))
    .description("register a venue, or change it; its inferred check-outs are reckoned anew")
    .requiredOption("--venue <id>", "8 base32 digits", argument(parseVenueId, "8 digits of 0-9 a-z without i l o u"))
    .requiredOption("--name <text>", "name as officers see it")
    .requiredOption("--type <type>", "kind of place; `venues types` lists them")
    .option("--closing-hour <hour>", "local hour at which everybody has left, 0 to 23", integer(0, 23))
    .action(guarded(addVenue));
  withConfig(venues.command("poster"))
    .description(
      "make a printed poster for a venue: prints the text of its code; whoever has it can recognise the venue",
    )
    .requiredOption("--venue <id>", "8 base32 digits", argument(parseVenueId, "8 digits of 0-9 a-z without i l o u"))
    .action(guarded(makePoster));
  withConfig(venues.command("list")).description("all registered venues").action(guarded(listVenues));
  withConfig(venues.command("types")).description("kinds of place and their usual stays").action(guarded(listTypes));
}

async function addVenue(flags: VenueFlags): Promise<number> {
  const { venue, name, type, closingHour = null } = flags;
  await withEngine(flags, async (engine) => {
    await engine.putVenue({ venue, name, type, closingHour });
    await engine.settle();
  });
  print(flags, { venue, name, type, closingHour }, [`${venue} is ${name} (${type})`]);
  return 0;
}

async function makePoster(flags: CommonFlags & { readonly venue: VenueId }): Promise<number> {
  const { venue } = flags;
  const text = await withEngine(flags, (engine) => engine.publisher.makePoster(venue));
  print(flags, { venue, text }, [text]);
  return 0;
}

async function listVenues(flags: CommonFlags): Promise<number> {
  const venues = await withEngine(flags, (engine) => engine.listVenues());
  const rows = venues.map((one) => [one.venue, one.name, one.type, one.closingHour ?? "-"]);
  print(flags, { venues }, rows.length === 0 ? ["none"] : table(["venue", "name", "type", "closes"], rows));
  return 0;
}

async function listTypes(flags: CommonFlags): Promise<number> {
  const { types, source, fallback } = await loadStays();
  const rows = Object.entries(types).map(([type, stay]) => [
    type,
    stay.defaultStayMinutes,
    stay.maxStayHours,
    stay.closes ? "yes" : "no",
  ]);
  const lines = [
    ...table(["type", "usual stay, min", "longest, h", "closes"], rows),
    "",
    `Fallback: ${fallback}. ${source}`,
  ];
  print(flags, { types, fallback, source }, lines);
  return 0;
}
