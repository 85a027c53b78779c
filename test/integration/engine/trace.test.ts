import { describe, expect, it } from "vitest";
import type { Engine } from "../../../engine/app.ts";
import { parseVenueId } from "../../../protocol/ids.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, type WallMs } from "../../../protocol/units.ts";
import { makeDevice, type RowDraft, TEST_NOW } from "../../support/batches.ts";
import { openTestEngine } from "../../support/engines.ts";

const START = TEST_NOW - 20 * HOUR_MS;
const at = (minutes: number): WallMs => (START + minutes * MINUTE_MS) as WallMs;
const who = (n: number): { readonly scheme: "cccd"; readonly id: string } => ({
  scheme: "cccd",
  id: String(100_000_000_000 + n),
});
const scan = (n: number, kind: "in" | "out", minutes: number, change: RowDraft = {}): RowDraft => ({
  who: who(n),
  kind,
  wallMs: at(minutes),
  ...change,
});

async function traceOf(engine: Engine, n: number, onset = "2026-11-16") {
  const file = await engine.addCase({ documents: [who(n)], onset });
  return engine.trace(file.id);
}

describe("trace", () => {
  it("finds who was there, sums by person, and leaves out who came later or elsewhere", async () => {
    const { engine, authority } = await openTestEngine();
    const [market, school] = [
      await makeDevice(authority, { device: "door-a", venue: "7k3m9q2x" }),
      await makeDevice(authority, { device: "door-b", venue: "0000000z" }),
    ];
    await engine.putVenue({ venue: parseVenueId("7k3m9q2x"), name: "Chợ Rạch Giá", type: "market", closingHour: 18 });
    await engine.ingest([
      (
        await market.batch([
          scan(1, "in", 0),
          scan(2, "in", 10),
          scan(1, "out", 40),
          scan(2, "out", 50),
          scan(3, "in", 45),
          scan(3, "out", 60),
        ])
      ).bytes,
      (
        await school.batch([
          scan(1, "in", 100),
          scan(2, "in", 90),
          scan(4, "in", 120, { party: 1 }),
          scan(1, "out", 130),
          scan(2, "out", 110),
          scan(4, "out", 200),
        ])
      ).bytes,
    ]);
    const { contacts, persons, visits } = await traceOf(engine, 1);
    expect(visits.map(({ venueName }) => venueName)).toEqual(["Chợ Rạch Giá", null]);
    expect((await engine.stats()).unknownVenues).toEqual(["0000000z"]);
    expect(contacts.map(({ person, venue, minutesCertain }) => [person, venue, minutesCertain])).toEqual([
      [engine.personOf(who(2)), "7k3m9q2x", 29.9],
      ...[who(2), who(4)]
        .map((one) => [engine.personOf(one), "0000000z", 9.9])
        .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
    ]);
    expect(persons[0]).toMatchObject({
      person: engine.personOf(who(2)),
      venues: ["0000000z", "7k3m9q2x"],
      minutesCertain: 39.9,
      minutesPossible: 40.1,
      timeUnknown: false,
      conflict: false,
    });
  });

  it("says of a case and of a contact when they were seen at two places at once", async () => {
    const { engine, authority } = await openTestEngine();
    const market = await makeDevice(authority, { device: "door-a", venue: "7k3m9q2x" });
    const school = await makeDevice(authority, { device: "door-b", venue: "0000000z" });
    await engine.putVenue({ venue: parseVenueId("0000000z"), name: "Trường A", type: "school", closingHour: 18 });
    const atMarket = [1, 2, 3].flatMap((n) => [scan(n, "in", 0), scan(n, "out", 60)]);
    const atSchool = [scan(2, "in", 20), scan(2, "out", 90), scan(1, "in", 30), scan(3, "in", 70)];
    const byTime = (left: RowDraft, right: RowDraft): number => (left.wallMs ?? 0) - (right.wallMs ?? 0);
    await engine.ingest([
      (await market.batch([...atMarket].sort(byTime))).bytes,
      (await school.batch([...atSchool].sort(byTime))).bytes,
    ]);
    const { contacts, persons, visits } = await traceOf(engine, 1);
    const conflictsOf = (n: number, venue: string) =>
      contacts
        .filter((one) => one.person === engine.personOf(who(n)) && one.venue === venue)
        .map((one) => one.conflicts);
    const [both] = conflictsOf(2, "7k3m9q2x").flat();
    expect(both).toMatchObject({ venue: "0000000z", venueName: "Trường A" });
    expect(Math.abs((both?.from ?? 0) - at(20)) + Math.abs((both?.to ?? 0) - at(60))).toBeLessThan(MINUTE_MS);
    expect(conflictsOf(2, "0000000z")).toEqual([[{ ...both, venue: "7k3m9q2x", venueName: null }]]);
    expect(conflictsOf(3, "7k3m9q2x")).toEqual([[]]); // went there afterwards
    const doubted = persons.filter(({ conflict }) => conflict).map(({ person }) => person);
    expect(doubted).toEqual([engine.personOf(who(2))]);
    const own = visits.map(({ venue, conflicts }) => [venue, conflicts.map((one) => one.venue)]);
    expect(own).toEqual([
      ["7k3m9q2x", ["0000000z"]], // a single scan there, surely between two scans here
      ["0000000z", ["7k3m9q2x"]],
    ]);
  });

  it("counts only what lies within the infectious window", async () => {
    const { engine, authority } = await openTestEngine();
    const door = await makeDevice(authority);
    await engine.ingest([
      (await door.batch([scan(1, "in", 0), scan(2, "in", 0), scan(1, "out", 30), scan(2, "out", 30)])).bytes,
    ]);
    expect((await traceOf(engine, 1, "2026-11-16")).contacts).toHaveLength(1);
    expect((await traceOf(engine, 1, "2026-11-19")).contacts).toHaveLength(0);
  });

  it("calls nothing certain where a check-out was inferred, and says why", async () => {
    const { engine, authority } = await openTestEngine();
    const door = await makeDevice(authority);
    await engine.ingest([(await door.batch([scan(1, "in", 0), scan(2, "in", 5), scan(1, "out", 60)])).bytes]);
    const [contact] = (await traceOf(engine, 1)).contacts;
    expect(contact).toMatchObject({
      minutesCertain: 0,
      inferred: { start: false, end: true },
      end: { reason: "default_stay", evidence: "inferred", gate: null },
    });
    expect(contact?.minutesPossible).toBeGreaterThan(50);
  });

  it("joins the slices of a stay of days to one contact", async () => {
    const { engine, authority } = await openTestEngine({ nowMs: TEST_NOW + 48 * HOUR_MS });
    const ward = await makeDevice(authority);
    await engine.putVenue({ venue: parseVenueId("7k3m9q2x"), name: "Khoa Nội", type: "hospital", closingHour: null });
    await engine.ingest([
      (await ward.batch([scan(1, "in", 0), scan(2, "in", 60), scan(1, "out", 3_000), scan(2, "out", 2_400)])).bytes,
    ]);
    const { contacts, visits } = await traceOf(engine, 1);
    expect(visits).toHaveLength(1);
    expect(contacts).toMatchObject([{ minutesCertain: 2_339.9, minutesPossible: 2_340.1 }]);
    expect((await engine.stats()).visits).toBeGreaterThan(7);
  });

  it("lists a stay whose time is unknown without minutes, until an anchor comes for its boot", async () => {
    const { engine, authority } = await openTestEngine();
    const synced = await makeDevice(authority, { device: "door-a" });
    const lost = await makeDevice(authority, { device: "door-b", boot: "0f0f0f0f" });
    const unsynced = (minutes: number): RowDraft => ({
      clock: "unsynced",
      wallMs: 0 as WallMs,
      boottimeMs: (minutes * MINUTE_MS) as never,
    });
    await engine.ingest([
      (await synced.batch([scan(1, "in", 0), scan(1, "out", 60)])).bytes,
      (await lost.batch([scan(2, "in", 0, unsynced(30)), scan(2, "out", 0, unsynced(45))])).bytes,
    ]);
    const before = await traceOf(engine, 1);
    expect(before.contacts).toMatchObject([
      { person: engine.personOf(who(2)), timeUnknown: true, minutesCertain: 0, minutesPossible: 15, from: null },
    ]);
    const anchor = {
      kind: "anchor",
      boottimeMs: (60 * MINUTE_MS) as never,
      wallMs: at(50),
      uncertaintyMs: 100,
    } as const;
    await engine.ingest([(await lost.batch([anchor])).bytes]);
    const after = await traceOf(engine, 1);
    expect(after.contacts).toMatchObject([{ timeUnknown: false, minutesCertain: 14.9, from: at(20) - 280 }]);
  });

  it("lists everybody at the place when it is the case's own time that is unknown", async () => {
    const { engine, authority } = await openTestEngine();
    const door = await makeDevice(authority);
    await engine.ingest([
      (await door.batch([scan(1, "in", 0, { clock: "unsynced" }), scan(2, "in", 10), scan(2, "out", 20)])).bytes,
    ]);
    const { contacts, visits } = await traceOf(engine, 1);
    expect(visits).toMatchObject([{ timeUnknown: true, minutesPossible: null }]);
    expect(contacts).toMatchObject([{ person: engine.personOf(who(2)), timeUnknown: true, minutesCertain: 0 }]);
  });

  it("lists no stay without a time beside a case who was there only after the stay was known", async () => {
    const { engine, authority, clock } = await openTestEngine();
    const door = await makeDevice(authority, { device: "door-a" });
    const lost = await makeDevice(authority, { device: "door-b", boot: "0f0f0f0f" });
    const unsynced = (minutes: number): RowDraft => ({ clock: "unsynced", boottimeMs: (minutes * MINUTE_MS) as never });
    await engine.ingest([
      (
        await lost.batch([
          scan(2, "in", 0, unsynced(30)),
          scan(2, "out", 0, unsynced(45)),
          scan(3, "in", 0, unsynced(40)),
        ])
      ).bytes,
    ]);
    const later = (days: number): RowDraft[] =>
      (["in", "out"] as const).map((kind, at) => ({
        who: who(1),
        kind,
        wallMs: (TEST_NOW + days * DAY_MS + at * HOUR_MS) as WallMs,
      }));
    clock.nowMs = TEST_NOW + 10 * DAY_MS;
    await engine.ingest([(await door.batch(later(3))).bytes]);
    expect((await traceOf(engine, 1, "2026-11-19")).contacts).toEqual([]);
    await engine.ingest([(await door.batch(later(0.5))).bytes]);
    expect((await traceOf(engine, 1, "2026-11-18")).contacts.map(({ person }) => person)).toEqual([
      engine.personOf(who(3)), // came in before it was stored, and may have stayed as long as one stays there
    ]);
  });

  it("compares a case's own stay without a time with the infectious window", async () => {
    const { engine, authority, clock } = await openTestEngine();
    const door = await makeDevice(authority);
    const rough = { uncertaintyMs: 2 * HOUR_MS };
    const rows = (days: number): RowDraft[] => [
      scan(1, "in", days * 1_440, rough),
      scan(1, "out", days * 1_440 + 30, rough),
      scan(2 + days, "in", days * 1_440 + 10),
      scan(2 + days, "out", days * 1_440 + 90),
    ];
    clock.nowMs = TEST_NOW + 10 * DAY_MS;
    await engine.ingest([(await door.batch([...rows(0), ...rows(5)])).bytes]);
    const { contacts, visits } = await traceOf(engine, 1, "2026-11-21");
    expect(contacts).toMatchObject([{ person: engine.personOf(who(7)), timeUnknown: true, minutesPossible: 30 }]);
    expect(visits).toHaveLength(1);
    expect((await traceOf(engine, 1, "2026-11-16")).visits).toHaveLength(2);
  });

  it("joins the documents of one case and never lists the case beside itself", async () => {
    const { engine, authority } = await openTestEngine();
    const door = await makeDevice(authority);
    const card = { scheme: "bp1", id: "a0d5ec1d70f55ac0" } as const;
    await engine.ingest([
      (
        await door.batch([
          scan(1, "in", 0),
          scan(1, "out", 60),
          scan(1, "in", 30, { who: card }),
          scan(1, "out", 90, { who: card }),
          scan(2, "in", 70),
          scan(2, "out", 80),
        ])
      ).bytes,
    ]);
    const file = await engine.addCase({ documents: [who(1), card], onset: "2026-11-16" });
    const { contacts } = await engine.trace(file.id);
    expect(contacts.map(({ person }) => person)).toEqual([engine.personOf(who(2))]);
  });

  it("reckons inferred check-outs anew when a venue is registered", async () => {
    const { engine, authority } = await openTestEngine();
    const door = await makeDevice(authority);
    await engine.ingest([(await door.batch([scan(1, "in", 0)])).bytes]);
    const person = engine.personOf(who(1));
    const [before] = await engine.visits([person]);
    await engine.putVenue({ venue: parseVenueId("7k3m9q2x"), name: "Quán", type: "restaurant", closingHour: null });
    const [after] = await engine.visits([person]);
    expect([before?.minutesPossible, after?.minutesPossible]).toEqual([120.1, 90.1]);
  });
});
