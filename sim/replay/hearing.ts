import type { Rng } from "../rng.ts";
import { type Placed, ROOM } from "./placement.ts";

/** Signal of a token at one metre, dBm: the usual value of a coin-cell tag at 0 dBm. */
const AT_ONE_METRE_DBM = -59;
/** Path-loss exponent of an occupied room. Source: log-distance model, ITU-R P.1238-11 (N = 20 to 28 at 2.4 GHz). */
const EXPONENT = 2.2;
/** A body between the two, and a wall between rooms, dB. */
const BODY_DB = 8;
const BODY_SHARE = 0.4;
const WALL_DB = 10;
/** Fading of the mean over 20 seconds of advertisements, dB. */
const FADING_DB = 3;
/** Below this nothing is heard, dBm. */
const SENSITIVITY_DBM = -94;
const NEAREST_M = 0.3;

/** Signal expected at a distance in the open, dBm. */
export function expectedDbm(metres: number): number {
  return AT_ONE_METRE_DBM - 10 * EXPONENT * Math.log10(Math.max(NEAREST_M, metres));
}

/**
 * Mean signal of one token at one receiver during a step.
 *
 * @param walls walls between them
 * @returns dBm, a whole number; null when nothing is heard
 */
export function hear(path: { readonly metres: number; readonly walls: number }, rng: Rng): number | null {
  const body = rng.chance(BODY_SHARE) ? BODY_DB : 0;
  const dbm = expectedDbm(path.metres) - body - path.walls * WALL_DB + rng.gaussian() * FADING_DB;
  return dbm < SENSITIVITY_DBM ? null : Math.min(-20, Math.round(dbm));
}

/** Metres and walls between two places; rooms stand side by side along a corridor. */
export function pathBetween(one: Placed, other: Placed): { readonly metres: number; readonly walls: number } {
  const rooms = one.room - other.room;
  return { metres: Math.hypot(one.x - other.x + rooms * ROOM.width, one.y - other.y), walls: Math.abs(rooms) };
}

/** Where the kiosk of a room hangs: beside its door, in the middle of the wall to the corridor. */
export function kioskOf(room: number): Placed {
  return { room, x: ROOM.width / 2, y: 0 };
}
