import fc from "fast-check";
import { expect, it, onTestFinished } from "vitest";
import type { Contact } from "../../../engine/match/contact.ts";
import { traceContacts } from "../../../engine/match/trace.ts";
import { openStore } from "../../../engine/store/open-store.ts";
import { venueIdOf } from "../../../engine/store/venue-number.ts";
import { saveVisits } from "../../../engine/store/visits.ts";
import type { UndatedVisit } from "../../../engine/visits/pair-undated.ts";
import type { Visit } from "../../../engine/visits/visit.ts";
import type { PersonKey, VenueId } from "../../../protocol/ids.ts";
import { MINUTE_MS } from "../../../protocol/units.ts";
import { runs } from "../../support/property-runs.ts";
import { tempFolder } from "../../support/temp.ts";

/** All times are whole ticks, so that the oracle can look at each of them: four days, and as long a visit as makes some slices. */
const TICK_MINUTES = 30;
const TICK_MS = TICK_MINUTES * MINUTE_MS;
const TICKS = 192;
const FOR_EVER = 2 * TICKS;

const PERSONS = ["aa", "bb", "cc"].map((byte) => byte.repeat(16) as PersonKey);
const [CASE, ...OTHERS] = PERSONS;

/** Ticks from the first to before the second. */
type Ticks = readonly [from: number, to: number];

/** One stay as the oracle sees it; `certain` is null when its time is unknown. */
interface Stay {
  readonly who: PersonKey;
  readonly venue: number;
  readonly possible: Ticks;
  readonly certain: Ticks | null;
  readonly longest: number;
  readonly stored: { readonly dated: Visit } | { readonly undated: UndatedVisit };
}

const ends = { gateIn: 1, gateOut: 1, startEvidence: 3, endEvidence: 3, party: 0 } as const;
const where = { who: fc.constantFrom(...PERSONS), venue: fc.integer({ min: 1, max: 2 }) };
const tick = fc.integer({ min: 0, max: TICKS });
const length = fc.oneof(fc.nat(6), fc.nat(100));

const dated = fc
  .record({ ...where, from: tick, doubt: fc.nat(4), sure: fc.oneof(fc.constant(0), length), after: length })
  .map(({ who, venue, from, doubt, sure, after }): Stay => {
    const possible = [Math.max(0, from - doubt), from + sure + after] as const;
    const visit: Visit = {
      ...ends,
      venue,
      outerFrom: possible[0] * TICK_MS,
      innerFrom: from * TICK_MS,
      innerTo: (from + sure) * TICK_MS,
      outerTo: possible[1] * TICK_MS,
      startReason: "explicit",
      endReason: "explicit",
    };
    return { who, venue, possible, certain: [from, from + sure], longest: FOR_EVER, stored: { dated: visit } };
  });

const undated = fc
  .record({ ...where, earliest: fc.option(tick), reach: fc.integer({ min: 1, max: 60 }), stayed: fc.option(length) })
  .map(({ who, venue, earliest, reach, stayed }): Stay => {
    const possible = [earliest ?? 0, (earliest ?? 0) + reach] as const;
    const visit: UndatedVisit = {
      ...ends,
      venue,
      earliest: earliest === null ? null : earliest * TICK_MS,
      latest: possible[1] * TICK_MS,
      lengthMs: stayed === null ? null : stayed * TICK_MS,
    };
    return { who, venue, possible, certain: null, longest: stayed ?? FOR_EVER, stored: { undated: visit } };
  });

const town = fc.record({
  stays: fc.array(fc.oneof({ weight: 2, arbitrary: dated }, { weight: 1, arbitrary: undated }), { maxLength: 12 }),
  window: fc.tuple(tick, fc.integer({ min: 1, max: 120 })).map(([from, long]): Ticks => [from, from + long]),
});

/** Each tick that lies in all of the spans. */
function shared(...spans: readonly Ticks[]): readonly number[] {
  return Array.from({ length: FOR_EVER }, (_, at) => at).filter((at) =>
    spans.every(([from, to]) => from <= at && at < to),
  );
}

/** What a trace must say of one person. */
interface Truth {
  readonly possible: Set<number>;
  readonly certain: Set<number>;
  /** Pairs of dated visits. */
  readonly pairs: Set<string>;
  /** Where the two may have met at an unknown time, and for how many ticks at most. */
  readonly unsure: Map<VenueId, number>;
}

/** Looks at each moment of each pair of stays of the case and another person. */
function lookAtAll(stays: readonly Stay[], window: Ticks, other: PersonKey | undefined): Truth {
  const truth: Truth = { possible: new Set(), certain: new Set(), pairs: new Set(), unsure: new Map() };
  const theirs = stays.filter(({ who }) => who === other);
  for (const own of stays.filter(({ who }) => who === CASE)) {
    for (const stay of theirs.filter(({ venue }) => venue === own.venue)) compare(truth, own, stay, window);
  }
  return truth;
}

function compare({ possible, certain, pairs, unsure }: Truth, own: Stay, stay: Stay, window: Ticks): void {
  const together = shared(own.possible, stay.possible, window);
  if (together.length === 0) return;
  if (own.certain && stay.certain) {
    for (const at of together) possible.add(at);
    for (const at of shared(own.certain, stay.certain, window)) certain.add(at);
    pairs.add(`${own.venue}/${own.possible[0]}/${stay.possible[0]}`);
    return;
  }
  const venue = venueIdOf(own.venue);
  unsure.set(venue, Math.max(unsure.get(venue) ?? 0, Math.min(together.length, own.longest, stay.longest)));
}

function visitsOf(stays: readonly Stay[], person: PersonKey): Parameters<typeof saveVisits>[1][number] {
  const stored = stays.filter(({ who }) => who === person).map((stay) => stay.stored);
  return {
    person,
    visits: stored.flatMap((one) => ("dated" in one ? [one.dated] : [])),
    undated: stored.flatMap((one) => ("undated" in one ? [one.undated] : [])),
  };
}

const isUnsure = ({ timeUnknown }: Contact): boolean => timeUnknown;

it("a trace finds what looking at each moment of each visit finds", async () => {
  const { writer: database, close } = await openStore(tempFolder(), "OFF");
  onTestFinished(close);
  await fc.assert(
    fc.asyncProperty(town, async ({ stays, window }) => {
      await database.transaction((sql) =>
        saveVisits(
          sql,
          PERSONS.map((person) => visitsOf(stays, person)),
          0,
        ),
      );
      const [from, to] = window.map((at) => at * TICK_MS) as [number, number];
      const answer = await traceContacts(database, { persons: PERSONS.slice(0, 1), window: { from, to } });
      for (const other of OTHERS) {
        const { possible, certain, pairs, unsure } = lookAtAll(stays, window, other);
        const sum = answer.persons.find(({ person }) => person === other);
        const contacts = answer.contacts.filter(({ person }) => person === other);
        const open = contacts.filter(isUnsure);
        expect(sum?.minutesCertain ?? 0).toBe(certain.size * TICK_MINUTES);
        expect(sum?.minutesPossible ?? 0).toBe(possible.size * TICK_MINUTES);
        expect(contacts.length - open.length).toBe(pairs.size);
        expect(open.map(({ venue }) => venue).sort()).toEqual([...unsure.keys()].sort());
        for (const { venue, minutesPossible } of open) {
          const atLeast = (unsure.get(venue) ?? 0) * TICK_MINUTES;
          expect(minutesPossible ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(atLeast);
        }
      }
    }),
    { numRuns: runs(200) },
  );
});
