import fc from "fast-check";
import { expect, it } from "vitest";
import { shortenedDay } from "../../../../sim/scenario/shortened-day.ts";
import type { Stay } from "../../../../sim/world/schedule.ts";

const stay = fc.record({ person: fc.nat(4), venue: fc.constant(0), door: fc.constant(0), fromMs: fc.nat(20) });

/** Nobody is in two places: a person's stays follow one another. */
function oneAfterAnother(drawn: readonly Omit<Stay, "toMs">[]): readonly Stay[] {
  return drawn.map((one, at) => ({ ...one, fromMs: at * 100 + one.fromMs, toMs: at * 100 + 50 }));
}

it("brings every visit once, in before out, one a slot, and nobody again before the door's least dwell", () => {
  fc.assert(
    fc.property(fc.array(stay, { maxLength: 20 }), (drawn) => {
      const stays = oneAfterAnother(drawn);
      const turns = shortenedDay(stays);
      expect(turns.map((turn) => `${turn.stay} ${turn.direction}`).sort()).toEqual(
        stays.flatMap((_, at) => [`${at} in`, `${at} out`]).sort(),
      );
      expect(new Set(turns.map(({ slot }) => slot)).size).toBe(turns.length);
      for (const [at, turn] of turns.entries()) {
        const { person } = stays[turn.stay] as Stay;
        const before = turns.slice(0, at).findLast((other) => stays[other.stay]?.person === person);
        if (!before) continue;
        expect(turn.slot - before.slot).toBeGreaterThanOrEqual(12);
        expect(turn.stay * 2 + Number(turn.direction === "out")).toBe(
          before.stay === turn.stay ? before.stay * 2 + 1 : turn.stay * 2,
        );
        expect(turn.stay >= before.stay).toBe(true);
      }
    }),
  );
});
