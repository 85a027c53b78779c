import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { every } from "../../../runtime/timers.ts";
import { RealTimeClock, SteppedClock } from "../../../sim/clock.ts";

describe("SteppedClock", () => {
  it("runs timers in the order of their times, those of one instant in the order of their setting", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 60 }), (delays) => {
        const clock = new SteppedClock();
        const ran: number[] = [];
        for (const [index, ms] of delays.entries()) clock.after(ms, () => ran.push(index));
        clock.step(50);
        const expected = delays.map((ms, index) => ({ ms, index })).sort((a, b) => a.ms - b.ms || a.index - b.index);
        expect(ran).toEqual(expected.map(({ index }) => index));
      }),
    );
  });

  it("shows each timer the instant at which it is due, and runs those that are set on the way", () => {
    const clock = new SteppedClock();
    const ran: number[] = [];
    clock.after(10, () => {
      ran.push(clock.now());
      clock.after(5, () => ran.push(clock.now()));
      clock.after(50, () => ran.push(clock.now()));
    });
    clock.step(30);
    expect(ran).toEqual([10, 15]);
    expect(clock.now()).toBe(30);
    expect(clock.nextDueMs).toBe(60);
  });

  it("does not run what was cancelled", () => {
    const clock = new SteppedClock();
    let ticks = 0;
    const stop = every(clock, 10, () => {
      ticks += 1;
    });
    clock.step(35);
    stop();
    clock.step(100);
    expect(ticks).toBe(3);
    expect(clock.nextDueMs).toBeNull();
  });

  it("lets promises settle between instants when it advances", async () => {
    const clock = new SteppedClock();
    const seen: string[] = [];
    clock.after(10, () => {
      void Promise.resolve().then(() => {
        seen.push(`settled at ${clock.now()}`);
        clock.after(5, () => seen.push(`set on the way, at ${clock.now()}`));
      });
    });
    clock.after(20, () => seen.push(`later, at ${clock.now()}`));
    await clock.advance(20);
    expect(seen).toEqual(["settled at 10", "set on the way, at 15", "later, at 20"]);
  });
});

describe("RealTimeClock", () => {
  it("runs by the real time", async () => {
    const clock = new RealTimeClock();
    const at = await new Promise<number>((resolve) => clock.after(5, () => resolve(clock.now())));
    expect(at).toBeGreaterThanOrEqual(4);
    let ran = false;
    clock.after(1, () => {
      ran = true;
    })();
    await new Promise<void>((resolve) => clock.after(10, resolve));
    expect(ran).toBe(false);
  });
});
