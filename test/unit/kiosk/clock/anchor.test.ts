import { describe, expect, it } from "vitest";
import { AnchorDuty } from "../../../../kiosk/clock/anchor.ts";
import type { TimeFix } from "../../../../kiosk/clock/time-sync.ts";
import { type BoottimeMs, HOUR_MS, type WallMs } from "../../../../protocol/units.ts";

const fixAt = (boottimeMs: number): TimeFix => ({
  boottimeMs: boottimeMs as BoottimeMs,
  wallMs: (1_794_794_400_000 + boottimeMs) as WallMs,
  uncertaintyMs: 500,
});

describe("another anchor of a clock that is right", () => {
  it("is due an hour after the last, and not a millisecond before", () => {
    const duty = new AnchorDuty();
    duty.done(fixAt(0), 1);
    expect(duty.isDue(fixAt(HOUR_MS - 1), 2)).toBe(false);
    expect(duty.isDue(fixAt(HOUR_MS), 2)).toBe(true);
    duty.done(fixAt(HOUR_MS), 3);
    expect(duty.isDue(fixAt(HOUR_MS + 1), 4)).toBe(false);
  });

  it("is not due while nothing was written that needs a date", () => {
    const duty = new AnchorDuty();
    duty.done(fixAt(0), 7);
    expect(duty.isDue(fixAt(9 * HOUR_MS), 7)).toBe(false);
    expect(duty.isDue(fixAt(9 * HOUR_MS), 8)).toBe(true);
  });

  it("is not due at the first answer after a start: what the clock then says was just looked at", () => {
    const duty = new AnchorDuty();
    expect(duty.isDue(fixAt(50 * HOUR_MS), 900)).toBe(false);
    expect(duty.isDue(fixAt(51 * HOUR_MS), 901)).toBe(true);
  });
});
