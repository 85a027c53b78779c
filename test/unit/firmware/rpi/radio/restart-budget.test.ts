import { describe, expect, it } from "vitest";
import { RestartBudget } from "../../../../../firmware/rpi/radio/restart-budget.ts";

describe("the restart budget of the radio process", () => {
  it("waits little at first, and twice as long each time, up to half a minute", () => {
    const budget = new RestartBudget();
    const waits = Array.from({ length: 8 }, (_, n) => budget.failed(n));
    expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  });

  it("comes back seldom to one that never stops failing", () => {
    const budget = new RestartBudget();
    for (let n = 0; n < 8; n += 1) budget.failed(n);
    expect([budget.failed(100), budget.failed(599_000)]).toEqual([600_000, 600_000]);
  });

  it("forgets failures that lie ten minutes back", () => {
    const budget = new RestartBudget();
    for (let n = 0; n < 8; n += 1) budget.failed(n);
    expect(budget.failed(600_100)).toBe(500);
  });
});
