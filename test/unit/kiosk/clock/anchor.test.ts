import { describe, expect, it } from "vitest";
import type { DeviceTime } from "../../../../firmware/ports/device-clock.ts";
import { AnchorDuty, knowsLess } from "../../../../kiosk/clock/anchor.ts";
import type { TimeFix } from "../../../../kiosk/clock/time-sync.ts";
import { type BoottimeMs, HOUR_MS, type WallMs } from "../../../../protocol/units.ts";

const fixAt = (boottimeMs: number): TimeFix => ({
  boottimeMs: boottimeMs as BoottimeMs,
  wallMs: (1_794_794_400_000 + boottimeMs) as WallMs,
  uncertaintyMs: 500,
});

describe("an answer of a gateway whose own clock nothing keeps", () => {
  const DAY_MS = 24 * HOUR_MS;
  const now = (state: DeviceTime["state"], uncertaintyMs: number): DeviceTime =>
    ({ boottimeMs: 0, wallMs: 1_794_794_400_000, state, uncertaintyMs }) as DeviceTime;
  const answer = (uncertaintyMs: number): TimeFix => ({ ...fixAt(0), uncertaintyMs });

  it.each([
    ["is taken by a kiosk without a clock", now("unsynced", 0), DAY_MS, false],
    ["is taken by a kiosk that has its time from there", now("gateway", DAY_MS + 40), DAY_MS + 3, false],
    ["changes nothing at a kiosk that time servers keep", now("ntp", 18), DAY_MS, true],
    [
      "changes nothing at a kiosk that was set a month ago, before the gateway lost power",
      now("gateway", 260_000),
      DAY_MS,
      true,
    ],
    ["changes nothing at a kiosk with a battery clock", now("rtc", 300_000), DAY_MS, true],
    ["is taken when both have a battery clock, so that a venue has one", now("rtc", 300_000), 300_020, false],
    ["is taken when time servers keep both", now("ntp", 18), 1_100, false],
  ] as const)("%s", (_, own, doubtMs, isLess) => {
    expect(knowsLess(own, answer(doubtMs))).toBe(isLess);
  });
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
