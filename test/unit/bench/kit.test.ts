import { describe, expect, it } from "vitest";
import { interleave, median, quantile, ratio, short, spread, table } from "../../bench/kit.ts";
import { parseCounters } from "../../bench/loop-device.ts";

describe("the bench kit", () => {
  it("takes the middle of odd and even counts", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(() => median([])).toThrow("no samples");
    expect(quantile([5, 1, 4, 2, 3], 0.99)).toBe(5);
  });

  it("compares within a round, so that a machine that slows down changes nothing", () => {
    expect(ratio(spread([30, 15, 3]), spread([10, 5, 1])).samples).toEqual([3, 3, 3]);
  });

  it("measures in turns", async () => {
    const order: string[] = [];
    const config = (name: "a" | "b") => ({
      name,
      measure: (round: number) => {
        order.push(`${name}${round}`);
        return Promise.resolve(order.length);
      },
    });
    const found = await interleave([config("a"), config("b")], { rounds: 2, progress: () => undefined });
    expect(order).toEqual(["a0", "b0", "a1", "b1"]);
    expect(found.b.samples).toEqual([2, 4]);
  });

  it("prints three digits and lines up columns", () => {
    expect([0.12345, 12.345, 123456, 0].map(short)).toEqual(["0.123", "12.3", "123456", "0"]);
    expect(
      table(
        ["what", "n"],
        [
          ["one", 1],
          ["twelve", 12.04],
        ],
      ),
    ).toEqual(["what     n", "------  --", "one      1", "twelve  12"]);
  });

  it("reads bytes and flushes of a block device", () => {
    const stat = " 175 0 1346 6 98 163 34462 11 0 20 23 4 0 262148 0 42 5\n";
    expect(parseCounters(stat)).toEqual({ bytesWritten: 34462 * 512, flushes: 42 });
  });
});
