import type { VenueId } from "../../protocol/ids.ts";
import { DAY_MS, type WallMs } from "../../protocol/units.ts";
import { EngineInputError } from "../errors.ts";
import {
  addCheck,
  checksSince,
  type Facility,
  listFacilities,
  type MapPlace,
  putFacility,
  type StoredCheck,
} from "../store/facilities.ts";
import type { EngineStore } from "../store/open-store.ts";
import { venueIdOf, venueNumber } from "../store/venue-number.ts";
import { findVenues } from "../store/venues.ts";
import { type CheckList, type CheckResult, rateCheck } from "./check-list.ts";
import { colourAt, FULL_MS, type PlaceColour } from "./colour.ts";
import { geoJsonOf } from "./geo-json.ts";

/** Every place has the same short list. */
const DAILY = "daily";
/** Checks of before then no longer matter, but for the last of each list. */
const LOOK_BACK_MS = FULL_MS + 3 * DAY_MS;

/** A check as the map shows it. */
export interface ShownCheck extends CheckResult {
  readonly atMs: WallMs;
}

/** A place with its colour, as everybody may see it. */
export interface ShownFacility extends PlaceColour {
  readonly venue: VenueId;
  readonly name: string;
  readonly type: string;
  readonly list: string;
  readonly place: MapPlace | null;
  /** The last checks by the full list and by the daily one; null before the first. */
  readonly full: ShownCheck | null;
  readonly daily: ShownCheck | null;
}

export interface FacilityDeskParts {
  readonly store: EngineStore;
  readonly lists: ReadonlyMap<string, CheckList>;
  readonly now: () => WallMs;
}

/** Places that check themselves each day and each month, and what the public sees of it. */
export class FacilityDesk {
  readonly #parts: FacilityDeskParts;

  constructor(parts: FacilityDeskParts) {
    this.#parts = parts;
  }

  /**
   * Lets a registered venue check itself; again to give it another list or spot.
   *
   * @throws {EngineInputError} ENGINE_INPUT when the venue is not registered, or the list is not one for such a place
   */
  async put(given: { readonly venue: VenueId; readonly list: string; readonly place: MapPlace | null }): Promise<void> {
    const { store, lists } = this.#parts;
    const { list, place } = given;
    const number = venueNumber(given.venue);
    const venue = (await findVenues(store.reader, [number])).get(number);
    if (!venue) throw new EngineInputError("no such venue: register it with `venues add` first");
    const known = lists.get(list);
    if (known?.kind !== "full") throw new EngineInputError(`no such full list: one of ${fullLists(lists).join(", ")}`);
    if (known.for.length > 0 && !known.for.includes(venue.type))
      throw new EngineInputError(`the list ${list} is for ${known.for.join(", ")}, and this venue is a ${venue.type}`);
    if (place && !(Math.abs(place.lat) <= 90 && Math.abs(place.lon) <= 180))
      throw new EngineInputError("a place on the map is latitude,longitude in degrees, such as 10.2899,103.9840");
    await store.writer.transaction((sql) => putFacility(sql, { venue: number, list, place }));
  }

  /**
   * Takes a check that the place's own people made.
   *
   * @param failed ids of the items that do not hold
   * @throws {EngineInputError} ENGINE_INPUT when the place does not check itself, or an item is not of its list
   */
  async check(given: {
    readonly venue: VenueId;
    readonly kind: CheckList["kind"];
    readonly failed: readonly string[];
  }): Promise<ShownFacility> {
    const { store, lists, now } = this.#parts;
    const number = venueNumber(given.venue);
    const facility = (await listFacilities(store.reader)).find(({ venue }) => venue === number);
    if (!facility) throw new EngineInputError("this venue does not check itself: `facility add` lets it");
    const list = lists.get(given.kind === "daily" ? DAILY : facility.list) as CheckList;
    const failed = [...new Set(given.failed)];
    const wrong = failed.filter((id) => !list.items.some((item) => item.id === id));
    if (wrong.length > 0)
      throw new EngineInputError(
        `the list ${list.id} has no item ${wrong[0]}: it has ${list.items.map(({ id }) => id).join(", ")}`,
      );
    await store.writer.transaction((sql) => addCheck(sql, { venue: number, list: list.id, atMs: now(), failed }));
    return (await this.all()).find(({ venue }) => venue === given.venue) as ShownFacility;
  }

  /** Every place with its colour of now, in order of name. */
  async all(): Promise<readonly ShownFacility[]> {
    const { store, now } = this.#parts;
    const nowMs = now();
    const checks = await checksSince(store.reader, nowMs - LOOK_BACK_MS);
    const facilities = await listFacilities(store.reader);
    return facilities.map((facility) =>
      this.#shown(
        facility,
        checks.filter(({ venue }) => venue === facility.venue),
        nowMs,
      ),
    );
  }

  /** The same for a map. */
  async geoJson(): Promise<object> {
    return geoJsonOf(await this.all(), this.#parts.now());
  }

  #shown(facility: Facility, checks: readonly StoredCheck[], nowMs: WallMs): ShownFacility {
    const by = (list: string): readonly ShownCheck[] =>
      checks.filter((one) => one.list === list).map((one) => this.#rated(one));
    const [full, daily] = [by(facility.list), by(DAILY)];
    const colours = (all: readonly ShownCheck[]) => all.map(({ atMs, rating }) => ({ atMs, colour: rating.colour }));
    const { name, type, list, place } = facility;
    return {
      venue: venueIdOf(facility.venue),
      name,
      type,
      list,
      place,
      ...colourAt({ full: colours(full), daily: colours(daily) }, nowMs),
      full: full.at(-1) ?? null,
      daily: daily.at(-1) ?? null,
    };
  }

  /** An item that a later version of the list no longer has counts for nothing. */
  #rated({ list, atMs, failed }: StoredCheck): ShownCheck {
    const known = this.#parts.lists.get(list) as CheckList;
    const items = new Set(known.items.map(({ id }) => id));
    return { atMs, ...rateCheck(known, new Set(failed.filter((id) => items.has(id)))) };
  }
}

function fullLists(lists: ReadonlyMap<string, CheckList>): readonly string[] {
  return [...lists.values()].filter(({ kind }) => kind === "full").map(({ id }) => id);
}
