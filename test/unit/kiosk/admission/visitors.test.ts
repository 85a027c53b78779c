import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { VisitorPast } from "../../../../kiosk/admission/decide.ts";
import { Visitors } from "../../../../kiosk/admission/visitors.ts";
import type { VisitorTag } from "../../../../protocol/ids.ts";
import type { BoottimeMs, WallMs } from "../../../../protocol/units.ts";
import { runs } from "../../../support/property-runs.ts";

const PEOPLE = 5;
const DAY_MS = 10_000;

function tag(person: number, day: number): VisitorTag {
  return `${person}@${day}` as VisitorTag;
}

/** What a door looks up on a day: the tags under its two keys. */
function tagsOn(person: number, day: number): readonly VisitorTag[] {
  return [tag(person, day), tag(person, day - 1)];
}

function pastAt(ms: number, direction: "in" | "out", party = 0): VisitorPast {
  return { direction, party, boottimeMs: ms as BoottimeMs, wallMs: ms as WallMs };
}

/** Everything that a caller can see, on one day. */
function view(visitors: Visitors, day: number): unknown {
  const all = Array.from({ length: PEOPLE }, (_, person) => visitors.find(tagsOn(person, day)));
  return { inside: visitors.inside, all };
}

const event = {
  person: fc.nat(PEOPLE - 1),
  direction: fc.constantFrom("in" as const, "out" as const),
  party: fc.nat(9),
};
const scan = fc.record({ kind: fc.constant("scan" as const), ...event, isUndone: fc.boolean() });
const report = fc.record({
  kind: fc.constant("report" as const),
  ...event,
  isOfToday: fc.boolean(),
  isAlone: fc.boolean(),
  share: fc.double({ min: 0, max: 0.99, noNaN: true }),
});
const step = fc.oneof(
  { weight: 4, arbitrary: scan },
  { weight: 4, arbitrary: report },
  { weight: 2, arbitrary: fc.constant({ kind: "turn" as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("forget" as const), agoMs: fc.nat(15_000) }) },
  { weight: 1, arbitrary: fc.constant({ kind: "clear" as const }) },
);
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

/** Visitors, and beside them everybody's last event in a plain list. */
class Door {
  readonly visitors: Visitors;
  readonly last = new Map<number, VisitorPast>();
  day = 0;
  #nowMs = 2 * DAY_MS;
  #turnedMs = 2 * DAY_MS;

  constructor(max?: number) {
    this.visitors = new Visitors(max);
  }

  do(one: Step): void {
    this.#nowMs += 100;
    if (one.kind === "scan") this.#scan(one);
    else if (one.kind === "report") this.#report(one);
    else if (one.kind === "turn") this.#turn();
    else if (one.kind === "forget") this.#forgetBefore(this.#nowMs - one.agoMs);
    else {
      this.visitors.clear();
      this.last.clear();
    }
  }

  #scan({ person, direction, party, isUndone }: Extract<Step, { kind: "scan" }>): void {
    const before = view(this.visitors, this.day);
    const past = pastAt(this.#nowMs, direction, party);
    const undo = this.visitors.note(tagsOn(person, this.day), past);
    if (!isUndone) return void this.last.set(person, past);
    undo();
    undo();
    expect(view(this.visitors, this.day)).toEqual(before);
  }

  /** Another door tells what it saw today or yesterday; after a restart it knows the tag of its day alone. */
  #report({ person, direction, party, isOfToday, isAlone, share }: Extract<Step, { kind: "report" }>): void {
    const from = isOfToday ? this.#turnedMs : this.#turnedMs - DAY_MS;
    const upto = isOfToday ? this.#nowMs : this.#turnedMs;
    const past = pastAt(Math.floor(from + share * (upto - from)), direction, party);
    const told = tagsOn(person, this.day - (isOfToday ? 0 : 1));
    this.visitors.learn(isAlone && !isOfToday ? told.slice(0, 1) : told, past);
    const known = this.last.get(person);
    if (!known || known.boottimeMs < past.boottimeMs) this.last.set(person, past);
  }

  #turn(): void {
    this.#forgetBefore(this.#turnedMs); // no stay is longer than two days' keys allow
    this.#turnedMs += DAY_MS;
    this.#nowMs = this.#turnedMs;
    this.day += 1;
  }

  #forgetBefore(ms: number): void {
    this.visitors.forgetBefore(ms as BoottimeMs);
    for (const [person, past] of this.last) if (past.boottimeMs < ms) this.last.delete(person);
  }
}

describe("Visitors", () => {
  it("knows what a plain list of everybody's last event says, over turns of the day, and an undo leaves no trace", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const door = new Door();
        for (const one of steps) {
          door.do(one);
          const all = Array.from({ length: PEOPLE }, (_, person) => door.last.get(person) ?? null);
          expect(view(door.visitors, door.day)).toEqual({ inside: sumOf(all), all });
        }
      }),
      { numRuns: runs(300) },
    );
  });

  it("counts nobody whom it had to drop for want of room", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const door = new Door(3);
        for (const one of steps.filter(({ kind }) => kind === "report" || kind === "clear")) {
          door.do(one);
          const all = Array.from({ length: PEOPLE }, (_, person) => door.visitors.find(tagsOn(person, 0)));
          expect(all.filter(Boolean).length).toBeLessThanOrEqual(3);
          expect(door.visitors.inside).toBe(sumOf(all));
        }
      }),
      { numRuns: runs(100) },
    );
  });

  it("knows of two tags that belong to one visitor, once somebody says so", () => {
    const visitors = new Visitors();
    visitors.learn([tag(1, 1)], pastAt(2_000, "out"));
    visitors.learn([tag(1, 0)], pastAt(1_000, "in", 3));
    expect(visitors.inside).toBe(4);
    visitors.learn(tagsOn(1, 1), pastAt(1_500, "in", 3));
    expect([visitors.inside, visitors.find([tag(1, 0)])?.direction]).toEqual([0, "out"]);
  });
});

function sumOf(all: readonly (VisitorPast | null)[]): number {
  return all.reduce((sum, past) => sum + (past?.direction === "in" ? 1 + past.party : 0), 0);
}
