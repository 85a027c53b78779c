import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AckWindow } from "../../../../../gateway/broker/external/ack-window.ts";

describe("AckWindow", () => {
  it("acknowledges in the order of arrival, whatever order messages are kept in", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([1, 2, 3, 4, 5, 6, 7, 8], { minLength: 8 }), (order) => {
        const sent: number[] = [];
        const acks = new AckWindow((ids) => sent.push(...ids));
        const keep = [1, 2, 3, 4, 5, 6, 7, 8].map((id) => acks.add(id, 10, () => {}));
        for (const [done, id] of order.entries()) {
          keep[id - 1]?.();
          const kept = new Set(order.slice(0, done + 1));
          let whole = 0;
          while (kept.has(whole + 1)) whole += 1;
          expect(sent).toEqual(Array.from({ length: whole }, (_, at) => at + 1));
        }
      }),
    );
  });

  it("reads on at once, stops when a megabyte waits, and goes on when half of it is kept", () => {
    let next = 0;
    const acks = new AckWindow(() => {});
    const read = (): void => {
      next += 1;
    };
    const keep = Array.from({ length: 5 }, (_, id) => acks.add(id, 250_000, read));
    expect(next).toBe(4);
    keep[0]?.();
    keep[1]?.();
    expect(next).toBe(4);
    keep[2]?.();
    expect(next).toBe(5);
  });
});
