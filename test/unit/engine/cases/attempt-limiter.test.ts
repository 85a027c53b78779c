import { describe, expect, it } from "vitest";
import { AttemptLimiter } from "../../../../engine/cases/attempt-limiter.ts";

describe("AttemptLimiter", () => {
  it("stops one address after ten refused codes and all of them after a thousand, until the window ends", () => {
    let nowMs = 0;
    const limiter = new AttemptLimiter(() => nowMs);
    const guess = (address: string): boolean => {
      const allowed = limiter.allows(address);
      if (allowed) limiter.refused(address);
      return allowed;
    };
    const tries = Array.from({ length: 12 }, () => guess("a"));
    expect(tries.filter(Boolean)).toHaveLength(10);
    let passed = 10;
    for (let n = 0; passed < 1_000; n += 1) if (guess(`b${n}`)) passed += 1;
    expect(limiter.allows("c")).toBe(false);
    nowMs += 600_000;
    expect([limiter.allows("a"), limiter.allows("c")]).toEqual([true, true]);
  });
});
