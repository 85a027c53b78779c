import fc from "fast-check";
import { expect, it } from "vitest";
import { GrowingBlob } from "../../../../gateway/spool/growing-blob.ts";
import { runs } from "../../../support/property-runs.ts";

it("holds what was appended, in order, however much it is and however often it was emptied", () => {
  const piece = fc.tuple(fc.uint8Array({ maxLength: 50_000 }), fc.nat(40));
  const blob = new GrowingBlob();
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), fc.boolean(), (pieces, asBuffers) => {
      blob.clear();
      const expected: Buffer[] = [];
      for (const [bytes, start] of pieces) {
        const from = Math.min(start, bytes.length);
        blob.append(asBuffers ? Buffer.from(bytes) : bytes, from);
        expected.push(Buffer.from(bytes.subarray(from)));
      }
      expect(Buffer.from(blob.bytes).equals(Buffer.concat(expected))).toBe(true);
    }),
    { numRuns: runs(100) },
  );
});

it("writes numbers as digits of fixed width", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(0xffffffff), { maxLength: 20 }), (numbers) => {
      const blob = new GrowingBlob();
      for (const value of numbers) blob.appendNumber(value, 10);
      const digits = numbers.map((value) => String(value).padStart(10, "0")).join("");
      expect(Buffer.from(blob.bytes).toString("latin1")).toBe(digits);
    }),
    { numRuns: runs(200) },
  );
  expect(() => new GrowingBlob().appendNumber(100, 2)).toThrow(RangeError);
});
