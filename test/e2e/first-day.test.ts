import { describe, expect, it } from "vitest";
import { HOUR_MS } from "../../protocol/units.ts";
import { runScenario } from "../../sim/scenario/run-scenario.ts";
import { firstDay } from "../../sim/scenarios/first-day.ts";
import type { Plan } from "../../sim/scenarios/scenario.ts";

/** One kiosk's clock an hour off, and believed: nobody tells it the time. */
function shiftClock(plan: Plan): Plan {
  const doors = plan.doors.map((door, at) =>
    at === 0 ? { ...door, clock: { ...door.clock, wallOffsetMs: -HOUR_MS }, withoutTime: true } : door,
  );
  return { ...plan, doors };
}

describe("first-day", () => {
  it("gives the report that testers and build servers read", async () => {
    const { report } = await runScenario(firstDay, { seed: "7" });
    expect(report).toMatchObject({
      scenario: "first-day",
      lost: 0,
      duplicated: 0,
      tombstoned: 0,
      visitOverlap: { recall: 1, precision: 1 },
      realCodes: { shown: expect.any(Number) },
      timing: { scanToAnswerP99Ms: expect.any(Number), speedup: expect.any(Number), mostUnsent: expect.any(Number) },
    });
    expect(report.accepted).toBeGreaterThanOrEqual(report.stays * 2);
    expect(report.contact2m15.recall).toBe(1); // who was near for 15 minutes was inside for 15 minutes
    expect(report.contact2m15.precision).toBeLessThan(1); // and a door cannot know who was near
  });

  it("notices when one kiosk's clock is an hour off without an anchor: the check is not blind", async () => {
    const { report } = await runScenario(firstDay, { seed: "7", change: shiftClock });
    expect(report).toMatchObject({ lost: 0, duplicated: 0 });
    expect(Math.min(report.visitOverlap.recall, report.visitOverlap.precision)).toBeLessThan(1);
  });
});
