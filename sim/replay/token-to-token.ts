import type { Rng } from "../rng.ts";
import { expectedDbm, hear, pathBetween } from "./hearing.ts";
import type { Step } from "./placement.ts";

/** Nearer than this counts, metres: the distance of the close-contact rule. */
const NEAR_M = 2;

/**
 * Steps in which the token of the case heard each other token as loud as one that is 2 m away: what an app or a token that listens
 * could know by itself, without any kiosk.
 */
export class TokenToToken {
  readonly #of: number;
  readonly #rng: Rng;
  readonly #steps = new Map<number, number>();

  /** @param of the case, by number */
  constructor(of: number, rng: Rng) {
    this.#of = of;
    this.#rng = rng;
  }

  /** Takes the next step of the day. */
  step({ places }: Step): void {
    const own = places.get(this.#of);
    if (!own) return;
    for (const [person, place] of places) {
      if (person === this.#of) continue;
      const rssi = hear(pathBetween(own, place), this.#rng);
      if (rssi !== null && rssi >= expectedDbm(NEAR_M)) this.#steps.set(person, (this.#steps.get(person) ?? 0) + 1);
    }
  }

  /** People who were near for at least so many steps in all. */
  nearFor(steps: number): ReadonlySet<number> {
    return new Set([...this.#steps].filter(([, count]) => count >= steps).map(([person]) => person));
  }
}
