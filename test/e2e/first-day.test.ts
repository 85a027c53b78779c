import { describe, expect, it } from "vitest";
import { HOUR_MS } from "../../protocol/units.ts";
import { runFirstDay } from "../../sim/scenarios/first-day.ts";

const SEEDS = process.env["BLUEPOST_NIGHTLY"] ? ["7", "8", "9"] : ["7"];

describe("first-day", () => {
  it.each(SEEDS)("loses nothing, doubles nothing and finds every overlap (seed %s)", async (seed) => {
    const report = await runFirstDay({ seed });
    expect(report.accepted).toBe(report.stays * 2 + report.realCodes.admitted);
    expect(report.realCodes.shown).toBeGreaterThan(3);
    expect(report).toMatchObject({ lost: 0, duplicated: 0, visitOverlap: { recall: 1, precision: 1 } });
    expect(report.contact2m15.recall).toBe(1); // who was near for 15 minutes was inside for 15 minutes
    expect(report.contact2m15.precision).toBeLessThan(1); // and a door cannot know who was near
  });

  it("gives the same report for the same seed, but for its timing", async () => {
    const [one, two] = [
      await runFirstDay({ seed: "twice", people: 20 }),
      await runFirstDay({ seed: "twice", people: 20 }),
    ];
    expect({ ...one, timing: null }).toEqual({ ...two, timing: null });
  });

  it("notices when one kiosk's clock is an hour off without an anchor: the check is not blind", async () => {
    const report = await runFirstDay({ seed: "7", shiftedClock: { kiosk: 0, byMs: -HOUR_MS } });
    expect(report).toMatchObject({ lost: 0, duplicated: 0 });
    expect(Math.min(report.visitOverlap.recall, report.visitOverlap.precision)).toBeLessThan(1);
  });
});
