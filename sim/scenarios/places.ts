import { parseVenueId } from "../../protocol/ids.ts";
import { HOUR_MS } from "../../protocol/units.ts";
import type { DoorSpec } from "../site/door-spec.ts";
import type { VenuePlan } from "./scenario.ts";

const NAMES = [
  "Chợ Dương Đông",
  "Trường THPT An Thới",
  "Trung tâm Y tế Phú Quốc",
  "Bến tàu Rạch Giá",
  "Nhà hàng Vĩnh Bảo",
] as const;

/** Where a world's people go. */
interface Places {
  readonly venues: readonly VenuePlan[];
  readonly doors: readonly DoorSpec[];
}

/** Kinds of place where people stay over night: their doors are set up for it. */
const OVERNIGHT: ReadonlySet<string> = new Set(["hospital", "lodging", "quarantine"]);

/** A clock that a time server keeps right. */
export const RIGHT_CLOCK = { wallOffsetMs: 0, state: "ntp", uncertaintyMs: 50 } as const;

/** Venues, the first with two doors and every other with one, so that a wrong clock at one of the two shows. */
export function townOf(kiosks: number, type = "other"): Places {
  const venues = venuesOf(Math.max(1, kiosks - 1), type);
  return { venues, doors: doorsOf(venues, kiosks) };
}

/** Venues with one door each: none of them has to know what another sees. */
export function streetOf(kiosks: number, type = "other"): Places {
  const venues = venuesOf(kiosks, type);
  return { venues, doors: doorsOf(venues, kiosks, (at) => at) };
}

function venuesOf(count: number, type: string): readonly VenuePlan[] {
  return Array.from({ length: count }, (_, at) => ({
    venue: parseVenueId(`v${String(at).padStart(7, "0")}`),
    name: NAMES[at] ?? `${NAMES[at % NAMES.length]} ${Math.floor(at / NAMES.length) + 1}`,
    type,
  }));
}

/** One venue with all the doors. */
export function houseOf(name: string, kiosks: number, type: string): Places {
  const venue = { venue: parseVenueId("v0000000"), name, type };
  return { venues: [venue], doors: doorsOf([venue], kiosks) };
}

/** @param venueAt number of a door's venue; by default the first two doors share one */
function doorsOf(
  venues: readonly VenuePlan[],
  kiosks: number,
  venueAt = (at: number): number => Math.min(Math.max(0, at - 1), venues.length - 1),
): readonly DoorSpec[] {
  return Array.from({ length: kiosks }, (_, at) => {
    const { venue, name, type } = venues[venueAt(at)] as VenuePlan;
    const stay = OVERNIGHT.has(type) ? { maximumStayMs: 48 * HOUR_MS } : {};
    return { device: `door-${at + 1}`, venue, venueName: name, clock: RIGHT_CLOCK, ...stay };
  });
}

/** Number of each door's venue among the venues: what the schedule asks for. */
export function venueNumbers(venues: readonly VenuePlan[], doors: readonly DoorSpec[]): readonly number[] {
  return doors.map(({ venue }) => venues.findIndex((one) => one.venue === venue));
}
