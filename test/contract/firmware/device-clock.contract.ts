import { describe, expect, it } from "vitest";
import type { DeviceClock } from "../../../firmware/ports/device-clock.ts";
import { parseBootId } from "../../../protocol/ids.ts";
import type { BoottimeMs, WallMs } from "../../../protocol/units.ts";

/** One clock, and a way to let time pass for it. */
export interface ClockRig {
  readonly clock: DeviceClock;
  /** Lets at least `ms` milliseconds pass. */
  pass(ms: number): Promise<void> | void;
}

/** Every DeviceClock, real or simulated, passes this; run it once per adapter. */
export function describeDeviceClock(adapter: string, makeRig: () => Promise<ClockRig>): void {
  describe(`DeviceClock contract: ${adapter}`, () => {
    it("gives whole numbers that a record can carry, and a boot id", async () => {
      const { clock } = await makeRig();
      const { bootId, boottimeMs, wallMs, uncertaintyMs } = clock.now();
      expect(parseBootId(bootId)).toBe(bootId);
      for (const value of [boottimeMs, wallMs, uncertaintyMs]) {
        expect(Number.isSafeInteger(value)).toBe(true);
        expect(value).toBeGreaterThanOrEqual(0);
      }
    });

    it("counts boot time on and keeps the boot id", async () => {
      const { clock, pass } = await makeRig();
      const before = clock.now();
      await pass(30);
      const after = clock.now();
      expect(after.bootId).toBe(before.bootId);
      expect(after.boottimeMs - before.boottimeMs).toBeGreaterThanOrEqual(29);
    });

    it("takes a true pair and counts on from it, as time of the gateway", async () => {
      const { clock, pass } = await makeRig();
      const { boottimeMs } = clock.now();
      const wallMs = Date.UTC(2031, 4, 6) as WallMs;
      clock.adjust({ boottimeMs, wallMs, uncertaintyMs: 40 });
      await pass(30);
      const now = clock.now();
      expect(now.state).toBe("gateway");
      expect(now.wallMs - wallMs).toBe(now.boottimeMs - boottimeMs);
      expect(now.uncertaintyMs).toBeGreaterThanOrEqual(40);
      expect(now.uncertaintyMs).toBeLessThan(60);
    });

    it("takes a pair of the past, and a later one in its place; boot time does not move", async () => {
      const { clock } = await makeRig();
      const { boottimeMs } = clock.now();
      const earlierMs = Math.max(0, boottimeMs - 10) as BoottimeMs;
      clock.adjust({ boottimeMs, wallMs: Date.UTC(2040, 0, 1) as WallMs, uncertaintyMs: 10 });
      const wallMs = Date.UTC(2027, 0, 1) as WallMs;
      clock.adjust({ boottimeMs: earlierMs, wallMs, uncertaintyMs: 10 });
      const now = clock.now();
      expect(now.wallMs - wallMs).toBe(now.boottimeMs - earlierMs);
      expect(now.boottimeMs - boottimeMs).toBeLessThan(5_000);
    });
  });
}
