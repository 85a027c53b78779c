/** At night each property is tried with so many times more inputs: what one seed in a hundred finds must not wait for a bad day. */
const NIGHTLY_TIMES = process.env["BLUEPOST_NIGHTLY"] === undefined ? 1 : 20;

/** How many inputs a property is tried with. @param byDay with every change */
export function runs(byDay: number): number {
  return byDay * NIGHTLY_TIMES;
}
