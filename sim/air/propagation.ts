import type { Rng } from "../rng.ts";

/** Where a radio stands, metres. */
export interface Position {
  readonly x: number;
  readonly y: number;
}

/** A radio as the air sees it. */
export interface Antenna {
  readonly name: string;
  readonly position: Position;
  /** Radiated power, dBm. */
  readonly txPower: number;
}

/** Power at which `to` hears `from` at this moment, dBm; null when nothing arrives. */
export type Propagation = (from: Antenna, to: Antenna) => number | null;

/** A straight wall that weakens what passes through it. */
export interface Wall {
  readonly from: Position;
  readonly to: Position;
  readonly lossDb: number;
}

export interface Surroundings {
  /** How fast power falls with distance: 2 in free space, 2.5 to 4 indoors; default 2.4. */
  readonly exponent?: number;
  /** Loss over the first metre at 2.44 GHz, dB; default 40.2. */
  readonly lossAt1mDb?: number;
  /** Standard deviation of what furniture adds for good on one path, dB; default 3. */
  readonly shadowingDb?: number;
  /** Standard deviation of what changes from packet to packet, dB; default 4. */
  readonly fadingDb?: number;
  readonly walls?: readonly Wall[];
}

/** Below this power nothing is understood, dBm. */
export const SENSITIVITY_DBM = -96;
const MIN_DISTANCE_M = 0.1;

/**
 * Log-distance path loss with log-normal shadowing, one value a path, and fading, one value a packet; each wall on the way takes its own.
 *
 * Source: Rappaport, Wireless Communications, 2nd ed., sections 4.9.1 and 4.9.2; the loss at 1 m is that of free space.
 */
export function createPropagation(rng: Rng, surroundings: Surroundings = {}): Propagation {
  const { exponent = 2.4, lossAt1mDb = 40.2, shadowingDb = 3, fadingDb = 4, walls = [] } = surroundings;
  const shadows = new Map<string, number>();
  const shadowOf = (a: string, b: string): number => {
    const path = a < b ? `${a}\n${b}` : `${b}\n${a}`;
    const known = shadows.get(path);
    if (known !== undefined) return known;
    const shadow = rng.fork(path).gaussian() * shadowingDb;
    shadows.set(path, shadow);
    return shadow;
  };
  return (from, to) => {
    const distance = Math.hypot(from.position.x - to.position.x, from.position.y - to.position.y);
    const lossDb = lossAt1mDb + 10 * exponent * Math.log10(Math.max(MIN_DISTANCE_M, distance));
    const wallsDb = walls.reduce((sum, wall) => sum + (crosses(wall, from.position, to.position) ? wall.lossDb : 0), 0);
    const power = from.txPower - lossDb - wallsDb + shadowOf(from.name, to.name) + rng.gaussian() * fadingDb;
    return power < SENSITIVITY_DBM ? null : power;
  };
}

/** Every radio hears every other one at the power that `rssi` says; for tests of exact values. */
export function fixedPropagation(rssi: number | Propagation): Propagation {
  return typeof rssi === "number" ? () => rssi : rssi;
}

function crosses(wall: Wall, a: Position, b: Position): boolean {
  const side = (p: Position, q: Position, r: Position): number =>
    Math.sign((q.x - p.x) * (r.y - p.y) - (q.y - p.y) * (r.x - p.x));
  const { from, to } = wall;
  return side(a, b, from) !== side(a, b, to) && side(from, to, a) !== side(from, to, b);
}
