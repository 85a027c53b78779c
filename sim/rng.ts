/** Random numbers that come out the same for the same seed; the simulator has no other source of chance. */
export interface Rng {
  /** Uniform in [0, 1). */
  next(): number;
  /** Whole number from `min` to `max`, both inclusive. */
  integer(min: number, max: number): number;
  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T;
  /** True with probability `p`. */
  chance(p: number): boolean;
  /** Normal deviate with mean 0 and standard deviation 1. */
  gaussian(): number;
  bytes(length: number): Uint8Array;
  /** An independent generator for one part of the world, so that a change in one part leaves the others alone. */
  fork(name: string): Rng;
}

/** Hashes text into 32 bits. Source: FNV-1a, IETF draft-eastlake-fnv. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/** Makes a generator from a seed. Source: sfc32 of PractRand by Chris Doty-Humphrey (public domain), 12 rounds of warm-up. */
export function createRng(seed: string | number): Rng {
  const text = String(seed);
  let a = hash(`${text}/a`);
  let b = hash(`${text}/b`);
  let c = hash(`${text}/c`);
  let counter = 1;
  const word = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + t) | 0;
    return t >>> 0;
  };
  for (let i = 0; i < 12; i += 1) word();
  const next = (): number => word() / 0x1_0000_0000;
  const integer = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1));
  return {
    next,
    integer,
    pick: (list) => list[integer(0, list.length - 1)] as (typeof list)[number],
    chance: (p) => next() < p,
    gaussian: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    bytes: (length) => Uint8Array.from({ length }, () => integer(0, 255)),
    fork: (name) => createRng(`${text}/${name}`),
  };
}
