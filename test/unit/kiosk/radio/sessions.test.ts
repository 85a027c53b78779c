import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type FinishedSession, type IdentifierSighting, SessionTable } from "../../../../kiosk/radio/sessions.ts";
import type { BoottimeMs, Dbm } from "../../../../protocol/units.ts";

const OPEN_GATES = { minimumDwellMs: 0, minimumRssi: -127 as Dbm };
const GAP_MS = 120_000;

function sighting(who: number, atMs: number, more: Partial<IdentifierSighting> = {}): IdentifierSighting {
  return {
    scheme: "token",
    id: new Uint8Array(16).fill(who),
    firstMs: atMs as BoottimeMs,
    lastMs: atMs as BoottimeMs,
    n: 1,
    rssiMax: -60 as Dbm,
    rssiMean: -60 as Dbm,
    txPower: null,
    metadata: null,
    ...more,
  };
}

function fold(table: SessionTable, sightings: readonly IdentifierSighting[]): readonly FinishedSession[] {
  for (const one of sightings) {
    table.endSilent(one.firstMs);
    table.hear(one);
  }
  table.endAll();
  return table.takeFinished();
}

/** Sightings of a few senders, in order of time. */
const walk = fc
  .array(fc.record({ who: fc.nat(4), waitMs: fc.nat(200_000), n: fc.integer({ min: 1, max: 9 }), rssi: fc.nat(60) }), {
    maxLength: 120,
  })
  .map((steps) => {
    let atMs = 0;
    return steps.map(({ who, waitMs, n, rssi }) => {
      atMs += waitMs;
      const dbm = (-100 + rssi) as Dbm;
      return sighting(who, atMs, { n, rssiMax: dbm, rssiMean: dbm });
    });
  });

describe("folding sightings into sessions", () => {
  it("gives first, last, count, strongest and mean", () => {
    const table = new SessionTable({ gates: OPEN_GATES, gapMs: GAP_MS });
    const heard = [-60, -50, -71].map((rssi, at) =>
      sighting(1, at * 60_000, { rssiMax: rssi as Dbm, rssiMean: rssi as Dbm, n: at + 1, txPower: -8 as Dbm }),
    );
    expect(fold(table, heard)).toEqual([
      sighting(1, 0, {
        lastMs: 120_000 as BoottimeMs,
        n: 6,
        rssiMax: -50 as Dbm,
        rssiMean: -62 as Dbm,
        txPower: -8 as Dbm,
      }),
    ]);
  });

  it("never loses and never doubles a sighting", () => {
    fc.assert(
      fc.property(walk, (heard) => {
        const sessions = fold(new SessionTable({ gates: OPEN_GATES, gapMs: GAP_MS }), heard);
        for (let who = 0; who <= 4; who += 1) {
          const of = (all: readonly IdentifierSighting[]) => all.filter(({ id }) => id[0] === who);
          const sum = (all: readonly IdentifierSighting[]) => of(all).reduce((total, { n }) => total + n, 0);
          expect(sum(sessions)).toBe(sum(heard));
          for (const { firstMs, lastMs, n } of of(sessions)) {
            const within = of(heard).filter((one) => one.firstMs >= firstMs && one.lastMs <= lastMs);
            expect(within.reduce((total, one) => total + one.n, 0)).toBe(n);
          }
        }
      }),
    );
  });

  it("parts sessions of one sender by silence, or by half an hour, and by nothing else", () => {
    fc.assert(
      fc.property(walk, (heard) => {
        const sessions = fold(new SessionTable({ gates: OPEN_GATES, gapMs: GAP_MS }), heard);
        for (let who = 0; who <= 4; who += 1) {
          const own = sessions.filter(({ id }) => id[0] === who).sort((a, b) => a.firstMs - b.firstMs);
          for (const [at, session] of own.entries()) {
            expect(session.lastMs - session.firstMs).toBeLessThan(1_800_000);
            const next = own[at + 1];
            if (!next) continue;
            const isSilent = next.firstMs - session.lastMs > GAP_MS;
            expect(isSilent || next.lastMs - session.firstMs >= 1_800_000 - GAP_MS).toBe(true);
            expect(next.firstMs).toBeGreaterThanOrEqual(session.lastMs);
          }
        }
      }),
    );
  });

  it("keeps mean and strongest in order, whatever was heard", () => {
    fc.assert(
      fc.property(walk, (heard) => {
        for (const { rssiMax, rssiMean } of fold(new SessionTable({ gates: OPEN_GATES, gapMs: GAP_MS }), heard)) {
          expect(Number.isInteger(rssiMean)).toBe(true);
          expect(rssiMean).toBeLessThanOrEqual(rssiMax);
        }
      }),
    );
  });
});

describe("the gates against passers-by", () => {
  const gates = { minimumDwellMs: 60_000, minimumRssi: -85 as Dbm };

  it("let nothing through that was short or weak", () => {
    fc.assert(
      fc.property(walk, (heard) => {
        const sessions = fold(new SessionTable({ gates, gapMs: GAP_MS }), heard);
        for (const { firstMs, lastMs, rssiMax } of sessions) {
          expect(rssiMax).toBeGreaterThanOrEqual(-85);
          // what follows a session that was cut for its length is part of a long stay
          const isTail = sessions.some((other) => other.lastMs <= firstMs && firstMs - other.lastMs <= GAP_MS);
          expect(isTail || lastMs - firstMs >= 60_000).toBe(true);
        }
      }),
    );
  });

  it("count those who passed, and keep nothing of them", () => {
    const table = new SessionTable({ gates, gapMs: GAP_MS });
    const weak = { rssiMax: -86 as Dbm, rssiMean: -90 as Dbm };
    const heard = [sighting(1, 0), sighting(2, 0, weak), sighting(1, 59_999), sighting(2, 100_000, weak)];
    expect(fold(table, heard)).toEqual([]);
    expect(table.counts).toEqual({ open: 0, finished: 0, passersBy: 2, overflow: 0 });
  });

  it("let a stay through that is exactly long and strong enough", () => {
    const table = new SessionTable({ gates, gapMs: GAP_MS });
    const just = { rssiMax: -85 as Dbm, rssiMean: -85 as Dbm };
    expect(fold(table, [sighting(1, 0, just), sighting(1, 60_000, just)])).toHaveLength(1);
  });
});

describe("the table of sessions", () => {
  const id = (n: number) => ({ id: Uint8Array.from({ length: 16 }, (_, at) => (at < 4 ? (n >> (8 * at)) & 0xff : 0)) });

  it("stays bounded under a flood, and keeps whoever has stayed", () => {
    const table = new SessionTable({
      gates: { minimumDwellMs: 60_000, minimumRssi: -85 as Dbm },
      gapMs: GAP_MS,
      maxOpen: 50,
    });
    for (const atMs of [0, 30_000, 61_000]) table.hear(sighting(0xee, atMs));
    for (let n = 0; n < 5_000; n += 1) {
      table.hear(sighting(1, 62_000 + n, id(n)));
      expect(table.counts.open).toBeLessThanOrEqual(50);
    }
    expect(table.counts.overflow).toBe(5_000 - 49);
    table.hear(sighting(0xee, 70_000));
    table.endAll();
    const [stayed, ...others] = table.takeFinished();
    expect([stayed?.id[0], stayed?.n, others.length]).toEqual([0xee, 4, 0]);
  });

  it("refuses newcomers when everybody in it has stayed", () => {
    const table = new SessionTable({ gates: OPEN_GATES, gapMs: GAP_MS, maxOpen: 10 });
    for (let n = 0; n < 12; n += 1) table.hear(sighting(1, n, id(n)));
    expect(table.counts).toMatchObject({ open: 10, overflow: 2 });
  });

  it("ends the silent ones only", () => {
    const table = new SessionTable({ gates: OPEN_GATES, gapMs: GAP_MS });
    table.hear(sighting(1, 0));
    table.hear(sighting(2, 100_000));
    table.endSilent(120_001);
    expect(table.takeFinished().map(({ id: [who] }) => who)).toEqual([1]);
    expect(table.takeFinished()).toEqual([]);
    expect(table.counts.open).toBe(1);
  });
});
