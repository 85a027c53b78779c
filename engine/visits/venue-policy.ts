import { type Static, Type } from "@sinclair/typebox";
import { MalformedError } from "../../protocol/errors.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, SITE_UTC_OFFSET_MS } from "../../protocol/units.ts";
import { parseData } from "../data-files.ts";

/** Local hour at which a place closes, 0 to 23; 0 is midnight. */
export type ClosingHour = number;

const Stay = Type.Object(
  {
    /** How long a person stays who does not check out. */
    defaultStayMinutes: Type.Integer({ minimum: 1, maximum: 30_240 }),
    /** Longest time between a check-in and its check-out. */
    maxStayHours: Type.Integer({ minimum: 1, maximum: 504 }),
    /** Whether such places close at night. */
    closes: Type.Boolean(),
  },
  { additionalProperties: false },
);

/** The file default-stays.json: kinds of venue and how long people stay there. */
export const Stays = Type.Object(
  {
    version: Type.Literal(1),
    source: Type.String(),
    /** The type of a venue that nobody registered. */
    fallback: Type.String(),
    types: Type.Record(Type.String({ pattern: "^[a-z][a-z-]{1,31}$" }), Stay),
  },
  { additionalProperties: false },
);
export type Stays = Static<typeof Stays>;

/** @throws {MalformedError} PROTO_MALFORMED when the text is not such a file or contradicts itself */
export function parseStays(text: string): Stays {
  const stays = parseData(Stays, text, "a table of stays");
  if (!stays.types[stays.fallback]) throw new MalformedError("not a table of stays");
  for (const [type, stay] of Object.entries(stays.types)) {
    if (stay.defaultStayMinutes > stay.maxStayHours * 60)
      throw new MalformedError("stay longer than its bound", { type });
  }
  return stays;
}

/** How stays at one venue are closed when nobody checked out. */
export interface VenuePolicy {
  readonly defaultStayMs: number;
  /** Longest time between a check-in and its own check-out; a later check-out is another visit's. */
  readonly maxStayMs: number;
  /** The venue's own closing hour: stronger than the default stay. */
  readonly closingHour: ClosingHour | null;
  /** Hour at which places of this type are assumed to close: only a bound. */
  readonly assumedClosingHour: ClosingHour | null;
}

/**
 * Builds the policy of one venue; an unknown type counts as the fallback.
 *
 * @param venue.closingHour as registered, or null
 * @param assumedClosingHour the configured hour for venues that name none
 */
export function venuePolicy(
  stays: Stays,
  venue: { readonly type: string; readonly closingHour: ClosingHour | null },
  assumedClosingHour: ClosingHour,
): VenuePolicy {
  const stay = stays.types[venue.type] ?? (stays.types[stays.fallback] as Static<typeof Stay>);
  return {
    defaultStayMs: stay.defaultStayMinutes * MINUTE_MS,
    maxStayMs: stay.maxStayHours * HOUR_MS,
    closingHour: venue.closingHour,
    assumedClosingHour: stay.closes ? assumedClosingHour : null,
  };
}

/** The longest stay of each type of venue, milliseconds. */
export function longestStays({ types }: Stays): ReadonlyMap<string, number> {
  return new Map(Object.entries(types).map(([type, { maxStayHours }]) => [type, maxStayHours * HOUR_MS]));
}

/** The first instant after `atMs` at which the local clock of Vietnam shows `hour`. */
export function nextLocalHour(atMs: number, hour: ClosingHour): number {
  const local = atMs + SITE_UTC_OFFSET_MS;
  const today = Math.floor(local / DAY_MS) * DAY_MS + hour * HOUR_MS;
  return (today > local ? today : today + DAY_MS) - SITE_UTC_OFFSET_MS;
}
