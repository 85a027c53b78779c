import { describe, expect, it } from "vitest";
import { LossWatch, SETTLE_MS } from "../../../../sim/lab/loss-watch.ts";

describe("the lab's look-out for losses", () => {
  it("calls nothing lost that a kiosk still has to send, however long it takes", () => {
    const watch = new LossWatch();
    expect(watch.look({ missing: 3, unsent: 3 }, 0)).toBe(0);
    expect(watch.look({ missing: 3, unsent: 4 }, 100 * SETTLE_MS)).toBe(0);
  });

  it("lets the gateway hand on what it took, and calls lost what does not arrive", () => {
    const watch = new LossWatch();
    watch.look({ missing: 3, unsent: 3 }, 0);
    expect(watch.look({ missing: 3, unsent: 0 }, 1_000)).toBe(0);
    expect(watch.look({ missing: 1, unsent: 0 }, 1_000 + SETTLE_MS - 1)).toBe(0);
    expect(watch.look({ missing: 1, unsent: 0 }, 1_000 + SETTLE_MS)).toBe(1);
    expect(watch.look({ missing: 0, unsent: 0 }, 2 * SETTLE_MS)).toBe(0);
  });

  it("judges no dark kiosk, and forgets no loss for a power cut", () => {
    const watch = new LossWatch();
    watch.look({ missing: 2, unsent: 1 }, 0);
    expect(watch.look({ missing: 2, unsent: 1 }, SETTLE_MS)).toBe(1);
    expect(watch.look({ missing: 2, unsent: null }, 2 * SETTLE_MS)).toBe(1);
    const dark = new LossWatch();
    dark.look({ missing: 2, unsent: 0 }, 0);
    expect(dark.look({ missing: 2, unsent: null }, 2 * SETTLE_MS)).toBe(0);
    expect(dark.look({ missing: 2, unsent: 0 }, 2 * SETTLE_MS)).toBe(0);
  });
});
