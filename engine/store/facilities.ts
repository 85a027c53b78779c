import type { WallMs } from "../../protocol/units.ts";
import type { Sql } from "../../runtime/sqlite/database.ts";
import type { VenueNumber } from "../visits/visit.ts";

/** Degrees, WGS 84. */
export interface MapPlace {
  readonly lat: number;
  readonly lon: number;
}

/** A place that checks itself. */
export interface Facility {
  readonly venue: VenueNumber;
  readonly name: string;
  /** Type of the venue. */
  readonly type: string;
  /** Id of its full list. */
  readonly list: string;
  readonly place: MapPlace | null;
}

/** A check as it was made. */
export interface StoredCheck {
  readonly venue: VenueNumber;
  readonly list: string;
  readonly atMs: WallMs;
  readonly failed: readonly string[];
}

/** Registers a place, or gives it another list or spot on the map; its checks stay. */
export async function putFacility(
  sql: Sql,
  { venue, list, place }: Pick<Facility, "venue" | "list" | "place">,
): Promise<void> {
  await sql.run(
    `INSERT INTO facility (venue, list, lat, lon) VALUES (?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET list = excluded.list, lat = coalesce(excluded.lat, lat), lon = coalesce(excluded.lon, lon)`,
    [venue, list, place?.lat ?? null, place?.lon ?? null],
  );
}

/** All places in order of name. */
export async function listFacilities(sql: Sql): Promise<readonly Facility[]> {
  const rows = await sql.all<Omit<Facility, "place"> & { readonly lat: number | null; readonly lon: number | null }>(
    `SELECT f.venue, v.name, v.type, f.list, f.lat, f.lon FROM facility f JOIN venue v ON v.venue = f.venue
     ORDER BY v.name, f.venue`,
  );
  return rows.map(({ lat, lon, ...facility }) => ({
    ...facility,
    place: lat === null || lon === null ? null : { lat, lon },
  }));
}

/** Writes down a check. */
export async function addCheck(sql: Sql, { venue, list, atMs, failed }: StoredCheck): Promise<void> {
  await sql.run("INSERT INTO facility_check (venue, list, at, failed) VALUES (?, ?, ?, ?)", [
    venue,
    list,
    atMs,
    JSON.stringify(failed),
  ]);
}

/** Checks from an instant on, in order of time, and of each place and list the last one before it. */
export async function checksSince(sql: Sql, fromMs: number): Promise<readonly StoredCheck[]> {
  const rows = await sql.all<Omit<StoredCheck, "failed"> & { readonly failed: string }>(
    `SELECT venue, list, at atMs, failed FROM facility_check c WHERE at >= ?1 OR id IN (
       SELECT id FROM facility_check b WHERE b.venue = c.venue AND b.list = c.list AND b.at < ?1 ORDER BY at DESC, id DESC LIMIT 1)
     ORDER BY at, id`,
    [fromMs],
  );
  return rows.map((row) => ({ ...row, failed: JSON.parse(row.failed) as string[] }));
}
