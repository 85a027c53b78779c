import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dateStamp, reachOfAnchor, type Stamp, type TimeAnchor } from "../../../../engine/visits/event-time.ts";
import { HOUR_MS, MINUTE_MS } from "../../../../protocol/units.ts";
import { runs } from "../../../support/property-runs.ts";

const STORED = Date.UTC(2026, 10, 16, 2);
const stamp = (change: Partial<Stamp> = {}): Stamp => ({
  boottimeMs: 10 * HOUR_MS,
  wallMs: STORED - HOUR_MS,
  clock: "ntp",
  uncertaintyMs: 100,
  storedMs: STORED,
  ...change,
});

describe("dateStamp", () => {
  it("believes the row's own clock when its boot has no anchor", () => {
    const { wallMs } = stamp();
    expect(dateStamp(stamp(), [])).toEqual({ earliest: wallMs - 100, latest: wallMs + 100, unknown: false });
  });

  it.each(["unsynced", "rtc"] as const)("knows nothing of a row by a clock that is %s without an anchor", (clock) => {
    expect(dateStamp(stamp({ clock }), [])).toEqual({ earliest: null, latest: null, unknown: true });
  });

  it("dates an unsynced row from an anchor of its boot, wider with the distance", () => {
    const anchor = { boottimeMs: 11 * HOUR_MS, wallMs: STORED, uncertaintyMs: 50 };
    const time = dateStamp(stamp({ clock: "unsynced", wallMs: 0 }), [anchor]);
    expect(time).toEqual({ earliest: STORED - HOUR_MS - 410, latest: STORED - HOUR_MS + 410, unknown: false });
  });

  it("prefers an anchor to a clock that says it is right", () => {
    const anchor = { boottimeMs: 10 * HOUR_MS, wallMs: STORED - 3 * HOUR_MS, uncertaintyMs: 0 };
    expect(dateStamp(stamp(), [anchor]).earliest).toBe(STORED - 3 * HOUR_MS);
  });

  it("calls a time unknown above half an hour, and keeps its bounds", () => {
    expect(dateStamp(stamp({ uncertaintyMs: 30 * MINUTE_MS }), []).unknown).toBe(false);
    const wide = dateStamp(stamp({ uncertaintyMs: 30 * MINUTE_MS + 1 }), []);
    expect(wide.unknown).toBe(true);
    expect(wide.earliest).not.toBeNull();
  });

  it("does not believe a row from the future", () => {
    expect(dateStamp(stamp({ wallMs: STORED + HOUR_MS }), []).earliest).toBeNull();
  });
});

const anchor = fc.record({
  boottimeMs: fc.integer({ min: 0, max: 50 }).map((steps) => steps * 10 * MINUTE_MS),
  wallMs: fc.integer({ min: 0, max: 100 }).map((steps) => STORED - 10 * HOUR_MS + steps * MINUTE_MS),
  uncertaintyMs: fc.constantFrom(0, 1, 50, 60_000, 3_600_000),
});
const boottime = fc.integer({ min: 0, max: 500 * MINUTE_MS });

describe("anchors", () => {
  it("give the same time in whatever order they come", () => {
    fc.assert(
      fc.property(fc.array(anchor, { maxLength: 6 }), boottime, fc.nat(), (anchors, boottimeMs, seed) => {
        const shuffled = [...anchors].sort(
          (a, b) => ((a.boottimeMs * 31 + seed) % 7) - ((b.boottimeMs * 31 + seed) % 7),
        );
        const row = stamp({ boottimeMs });
        expect(dateStamp(row, shuffled)).toEqual(dateStamp(row, anchors));
      }),
    );
  });

  it("change no time outside the reach that they have among the others", () => {
    const others = fc.array(anchor, { maxLength: 6 });
    fc.assert(
      fc.property(others, anchor, boottime, (known: readonly TimeAnchor[], added, boottimeMs) => {
        const { from, to } = reachOfAnchor(added, known);
        if (boottimeMs >= from && boottimeMs <= to) return;
        const row = stamp({ boottimeMs });
        expect(dateStamp(row, [...known, added])).toEqual(dateStamp(row, known));
      }),
      { numRuns: runs(2_000) },
    );
  });

  it("never make a time less sure than the best of them", () => {
    fc.assert(
      fc.property(fc.array(anchor, { minLength: 1, maxLength: 6 }), boottime, (anchors, boottimeMs) => {
        const { earliest, latest } = dateStamp(stamp({ boottimeMs, storedMs: STORED * 2 }), anchors);
        const best = Math.min(
          ...anchors.map((one) => one.uncertaintyMs + Math.ceil(Math.abs(boottimeMs - one.boottimeMs) / 10_000)),
        );
        expect((latest ?? 0) - (earliest ?? 0)).toBe(2 * best);
      }),
    );
  });
});
