import type { VenueId } from "../../protocol/ids.ts";
import type { Sql } from "../../runtime/sqlite/database.ts";
import { EngineInputError } from "../errors.ts";
import { type ClosingHour, type Stays, type VenuePolicy, venuePolicy } from "../visits/venue-policy.ts";
import type { VenueNumber } from "../visits/visit.ts";
import { venueIdOf, venueNumber } from "./venue-number.ts";

/** What the authority knows of a venue. */
export interface Venue {
  readonly venue: VenueId;
  readonly name: string;
  /** A type of default-stays.json. */
  readonly type: string;
  /** Local hour of closing, or null when the venue named none. */
  readonly closingHour: ClosingHour | null;
}

interface VenueRow {
  readonly venue: number;
  readonly name: string;
  readonly type: string;
  readonly closing_hour: number | null;
}

const MAX_NAME = 120;

/**
 * Registers a venue or replaces what was known of it; everybody who was there gets the visits built anew.
 *
 * @throws {EngineInputError} ENGINE_INPUT when the type, name or hour is not one we know
 */
export async function putVenue(sql: Sql, stays: Stays, venue: Venue): Promise<void> {
  const name = venue.name.trim();
  if (!stays.types[venue.type]) {
    throw new EngineInputError(`no such type of venue: use one of ${Object.keys(stays.types).join(", ")}`);
  }
  if (name === "" || name.length > MAX_NAME)
    throw new EngineInputError(`a venue's name has 1 to ${MAX_NAME} characters`);
  const hour = venue.closingHour;
  if (hour !== null && !(Number.isInteger(hour) && hour >= 0 && hour <= 23)) {
    throw new EngineInputError("a closing hour is a whole number from 0 to 23");
  }
  const number = venueNumber(venue.venue);
  await sql.run(
    `INSERT INTO venue (venue, name, type, closing_hour) VALUES (?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET name = excluded.name, type = excluded.type, closing_hour = excluded.closing_hour`,
    [number, name, venue.type, hour],
  );
  for (const table of ["visit", "undated_visit"]) {
    await sql.run(
      `INSERT INTO dirty (person) SELECT DISTINCT person FROM ${table} WHERE venue = ? ON CONFLICT DO NOTHING`,
      [number],
    );
  }
}

/** All registered venues in order of id. */
export async function listVenues(sql: Sql): Promise<readonly Venue[]> {
  return (await sql.all<VenueRow>("SELECT * FROM venue ORDER BY venue")).map(venueOf);
}

/** The registered ones among these venues. @returns by number */
export async function findVenues(sql: Sql, venues: readonly VenueNumber[]): Promise<Map<VenueNumber, Venue>> {
  const rows = await sql.all<VenueRow>("SELECT v.* FROM json_each(?) q JOIN venue v ON v.venue = q.value", [
    JSON.stringify([...new Set(venues)]),
  ]);
  return new Map(rows.map((row) => [row.venue, venueOf(row)]));
}

function venueOf(row: VenueRow): Venue {
  return { venue: venueIdOf(row.venue), name: row.name, type: row.type, closingHour: row.closing_hour };
}

/** Reads the policies of these venues; one that nobody registered has that of the fallback type. */
export async function venuePolicies(
  sql: Sql,
  wanted: {
    readonly venues: readonly VenueNumber[];
    readonly stays: Stays;
    readonly assumedClosingHour: ClosingHour;
  },
): Promise<(venue: VenueNumber) => VenuePolicy> {
  const { stays, assumedClosingHour } = wanted;
  const registered = await findVenues(sql, wanted.venues);
  const unknown = venuePolicy(stays, { type: stays.fallback, closingHour: null }, assumedClosingHour);
  const policies = new Map(
    [...registered].map(([number, venue]) => [number, venuePolicy(stays, venue, assumedClosingHour)]),
  );
  return (venue) => policies.get(venue) ?? unknown;
}
