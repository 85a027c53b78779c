import { REJECTION_REASONS } from "../../protocol/checkin/receipt.ts";
import type { Sql } from "../../runtime/sqlite/database.ts";
import { venueIdOf } from "./venue-number.ts";

/** Counts of what the engine holds; nothing in it is of a person. */
export interface EngineStats {
  readonly devices: number;
  readonly streams: number;
  readonly batches: number;
  /** Check-in and presence rows within retention. */
  readonly rows: number;
  readonly annulled: number;
  /** Radio sessions among the rows. */
  readonly heard: number;
  /** Rows whose time is not known to within half an hour. */
  readonly timeUnknown: number;
  readonly persons: number;
  /** Slices of visits, and stays without a time. */
  readonly visits: number;
  readonly undatedVisits: number;
  /** Persons whose visits are still to be built. */
  readonly pending: number;
  readonly cases: number;
  readonly deadLetters: Readonly<Record<string, number>>;
  readonly rejected: Readonly<Record<string, number>>;
  /** Batches in quarantine, by stream. */
  readonly forks: readonly {
    readonly site: string;
    readonly device: string;
    readonly stream: string;
    readonly batches: number;
  }[];
  /** Streams in which rows are missing although later ones are there. */
  readonly gaps: readonly {
    readonly site: string;
    readonly device: string;
    readonly stream: string;
    readonly upto: number;
    readonly last: number;
  }[];
  /** Venues with visits that nobody registered. */
  readonly unknownVenues: readonly string[];
}

const COUNTS = {
  devices: "SELECT count(*) n FROM device",
  streams: "SELECT count(*) n FROM stream WHERE received <> '[]'",
  batches: "SELECT count(*) n FROM batch",
  rows: "SELECT count(*) n FROM event",
  heard: "SELECT count(*) n FROM presence",
  annulled: "SELECT count(*) n FROM event WHERE annulled = 1",
  timeUnknown: "SELECT count(*) n FROM event WHERE unknown = 1",
  persons: "SELECT count(DISTINCT person) n FROM event WHERE person IS NOT NULL",
  visits: "SELECT count(*) n FROM visit",
  undatedVisits: "SELECT count(*) n FROM undated_visit",
  pending: "SELECT count(*) n FROM dirty",
  cases: "SELECT count(*) n FROM cases",
} as const;

/** Counts everything; O(n) in the rows. */
export async function readStats(sql: Sql): Promise<EngineStats> {
  const counts = {} as Record<keyof typeof COUNTS, number>;
  for (const [name, query] of Object.entries(COUNTS)) {
    counts[name as keyof typeof COUNTS] = (await sql.get<{ n: number }>(query))?.n ?? 0;
  }
  const letters = await sql.all<{ reason: string; n: number }>(
    "SELECT reason, count(*) n FROM dead_letter GROUP BY reason ORDER BY reason",
  );
  const rejected = await sql.all<{ reason: number; n: number }>(
    "SELECT reason, count(*) n FROM rejection GROUP BY reason ORDER BY reason",
  );
  const unknown = await sql.all<{ venue: number }>(
    "SELECT DISTINCT venue FROM visit WHERE venue NOT IN (SELECT venue FROM venue) ORDER BY venue LIMIT 1000",
  );
  return {
    ...counts,
    deadLetters: Object.fromEntries(letters.map(({ reason, n }) => [reason, n])),
    rejected: Object.fromEntries(rejected.map(({ reason, n }) => [REJECTION_REASONS[reason] ?? "", n])),
    forks: await sql.all(
      `SELECT d.site, d.device, s.stream, count(*) batches FROM quarantine q JOIN stream s ON s.id = q.stream_id
       JOIN device d ON d.id = s.device_id GROUP BY s.id ORDER BY d.site, d.device`,
    ),
    gaps: await sql.all(
      `SELECT d.site, d.device, s.stream, s.upto, json_extract(s.received, '$[#-1][1]') last FROM stream s
       JOIN device d ON d.id = s.device_id WHERE json_extract(s.received, '$[#-1][1]') > s.upto ORDER BY d.site, d.device`,
    ),
    unknownVenues: unknown.map(({ venue }) => venueIdOf(venue)),
  };
}
