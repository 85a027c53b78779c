import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadStays } from "../../../../engine/app.ts";
import { nextLocalHour, parseStays, venuePolicy } from "../../../../engine/visits/venue-policy.ts";
import { DAY_MS, HOUR_MS, SITE_UTC_OFFSET_MS } from "../../../../protocol/units.ts";

describe("stays", () => {
  it("come with the product and say that they are assumptions", async () => {
    const stays = await loadStays();
    expect(Object.keys(stays.types)).toContain(stays.fallback);
    expect(stays.source).toContain("no official document");
  });

  it("give an unknown type the fallback's", async () => {
    const stays = await loadStays();
    const unknown = venuePolicy(stays, { type: "casino", closingHour: null }, 22);
    expect(unknown).toEqual(venuePolicy(stays, { type: stays.fallback, closingHour: null }, 22));
  });

  it("are refused when a usual stay is longer than the longest", async () => {
    const stays = structuredClone(await loadStays());
    stays.types["market"]!.defaultStayMinutes = 30_000;
    expect(() => parseStays(JSON.stringify(stays))).toThrow(/longer/);
    expect(() => parseStays("{}")).toThrow(/not a table/);
  });
});

describe("nextLocalHour", () => {
  it("is the first such hour of Vietnam's clock after the instant", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 41 }), fc.integer({ min: 0, max: 23 }), (atMs, hour) => {
        const next = nextLocalHour(atMs, hour);
        expect(next).toBeGreaterThan(atMs);
        expect(next - atMs).toBeLessThanOrEqual(DAY_MS);
        expect(new Date(next + SITE_UTC_OFFSET_MS).getUTCHours()).toBe(hour);
        expect((next + SITE_UTC_OFFSET_MS) % HOUR_MS).toBe(0);
      }),
    );
  });
});
