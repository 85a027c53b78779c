import type { Command } from "commander";
import { parseVenueId, type VenueId } from "../../protocol/ids.ts";
import { type CheckList, loadCheckLists, type ShownFacility } from "../app.ts";
import { EngineInputError } from "../errors.ts";
import { FACILITY_TEXTS, type FacilityTexts } from "./facility-texts.ts";
import { argument, guarded, type LanguageFlags, print, withConfig, withEngine, withLanguage } from "./flags.ts";
import { localTime, table } from "./table.ts";
import { type Texts, textsOf } from "./texts.ts";

const venueId = argument(parseVenueId, "8 digits of 0-9 a-z without i l o u");

/** Adds `facility`. */
export function registerFacilityCommands(program: Command): void {
  const facilities = program
    .command("facility")
    .description("places that check themselves by a list: schools first. Everybody may see their colour");
  withLanguage(withConfig(facilities.command("lists")))
    .description("the check lists, with every item and how well its wording is known")
    .action(guarded(listLists));
  withLanguage(withConfig(facilities.command("add")))
    .description("let a registered venue check itself, or give it another list or spot on the map")
    .requiredOption("--venue <id>", "8 base32 digits, from `venues list`", venueId)
    .requiredOption("--list <id>", "its full list, from `facility lists`")
    .option("--at <lat,lon>", "degrees, such as 10.2899,103.9840")
    .action(guarded(add));
  withLanguage(withConfig(facilities.command("check")))
    .description("take a check that the place's own people made: the short daily list, or with --full the whole one")
    .requiredOption("--venue <id>", "8 base32 digits", venueId)
    .option("--full", "the full list, which is renewed each month")
    .option("--failed <items>", "numbers of the items that do not hold, such as 2,4")
    .option("--all-passed", "every item holds")
    .action(guarded(check));
  withLanguage(withConfig(facilities.command("list")))
    .description("every place with its colour of now, and why")
    .action(guarded(list));
  withConfig(facilities.command("map"))
    .description("the same as GeoJSON on standard output, as `GET /v1/facilities` gives it")
    .action(guarded(map));
}

async function listLists(flags: LanguageFlags): Promise<number> {
  const lists = [...(await loadCheckLists()).values()];
  const texts = textsOf(flags.lang);
  const own = FACILITY_TEXTS[texts.language];
  print(flags, { lists }, lists.flatMap((one) => [...listLines(one, texts, own), ""]).slice(0, -1));
  return 0;
}

function listLines(one: CheckList, { language, strengths }: Texts, own: FacilityTexts): readonly string[] {
  const items = one.items.map(({ id, text, isMandatory, strength }) => {
    const notes = [isMandatory ? own.mandatory : "", strength === one.strength ? "" : strengths[strength]];
    const note = notes.filter((text) => text !== "").join(", ");
    return `  ${id.padStart(2)}  ${text[language]}${note === "" ? "" : ` (${note})`}`;
  });
  const ratings = one.ratings.map(({ colour, text, minPassed, needsMandatory }) => {
    const needs = own.needs(minPassed, needsMandatory);
    return `  ${own.colours[colour]}: ${text[language]}${needs === "" ? "" : ` (${needs})`}`;
  });
  return [`${one.id}: ${one.title[language]} (${strengths[one.strength]})`, ...items, ...ratings, `  ${one.source}`];
}

interface AddFlags extends LanguageFlags {
  readonly venue: VenueId;
  readonly list: string;
  readonly at?: string;
}

async function add(flags: AddFlags): Promise<number> {
  const { venue, list, at } = flags;
  const place = at === undefined ? null : parsePlace(at);
  await withEngine(flags, (engine) => engine.facilities.put({ venue, list, place }));
  print(flags, { venue, list, place }, [FACILITY_TEXTS[textsOf(flags.lang).language].added(venue, list)]);
  return 0;
}

function parsePlace(text: string): { readonly lat: number; readonly lon: number } {
  const [, lat, lon] = /^\s*(-?\d{1,2}(?:\.\d+)?)\s*,\s*(-?\d{1,3}(?:\.\d+)?)\s*$/.exec(text) ?? [];
  if (lat === undefined || lon === undefined)
    throw new EngineInputError("a place on the map is latitude,longitude in degrees, such as 10.2899,103.9840");
  return { lat: Number(lat), lon: Number(lon) };
}

interface CheckFlags extends LanguageFlags {
  readonly venue: VenueId;
  readonly full?: boolean;
  readonly failed?: string;
  readonly allPassed?: boolean;
}

async function check(flags: CheckFlags): Promise<number> {
  const { venue, full = false, failed, allPassed = false } = flags;
  if ((failed === undefined) === !allPassed)
    throw new EngineInputError("say what does not hold, with --failed 2,4, or that all does, with --all-passed");
  const items = (failed ?? "").split(",").map((item) => item.trim());
  const shown = await withEngine(flags, (engine) =>
    engine.facilities.check({
      venue,
      kind: full ? "full" : "daily",
      failed: items.filter((item) => item !== ""),
    }),
  );
  const texts = FACILITY_TEXTS[textsOf(flags.lang).language];
  const why = shown.reasons.map((reason) => texts.reasons[reason]).join(", ");
  print(flags, shown, [`${shown.name}: ${texts.colours[shown.colour]}${why === "" ? "" : ` (${why})`}`]);
  return 0;
}

async function list(flags: LanguageFlags): Promise<number> {
  const facilities = await withEngine(flags, (engine) => engine.facilities.all());
  const texts = textsOf(flags.lang);
  const own = FACILITY_TEXTS[texts.language];
  const row = ({ venue, name, colour, reasons, full, daily }: ShownFacility): string[] => [
    venue,
    name,
    own.colours[colour],
    reasons.map((reason) => own.reasons[reason]).join(", "),
    checkCell(full, texts),
    checkCell(daily, texts),
  ];
  print(flags, { facilities }, facilities.length === 0 ? [texts.none] : table(own.head, facilities.map(row)));
  return 0;
}

/** When, how many items held, and which did not. */
function checkCell(check: ShownFacility["full"], { none }: Texts): string {
  if (!check) return none;
  const { atMs, passed, failed } = check;
  const without = failed.length === 0 ? "" : `, -${failed.join(" -")}`;
  return `${localTime(atMs)} ${passed}/${passed + failed.length}${without}`;
}

async function map(flags: LanguageFlags): Promise<number> {
  console.log(JSON.stringify(await withEngine(flags, (engine) => engine.facilities.geoJson())));
  return 0;
}
