import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeCbor } from "../../../../protocol/cbor.ts";
import {
  decodeRevocations,
  encodeRevocations,
  listNumber,
  REVOCATION_REASONS,
  type RevocationList,
} from "../../../../protocol/checkin/revocations.ts";
import { BluepostError } from "../../../../protocol/errors.ts";
import { type Epoch, parseDeviceId, parseSiteId } from "../../../../protocol/ids.ts";
import type { WallMs } from "../../../../protocol/units.ts";

const instant = fc.integer({ min: 0, max: 4e12 }).map((ms) => ms as WallMs);
const mark = fc.record({
  epoch: fc.stringMatching(/^[0-9a-f]{16}$/).map((text) => text as Epoch),
  stream: fc.constantFrom("c" as const, "p" as const),
  upto: fc.integer({ min: 0, max: 2 ** 40 }),
});
const line = fc.record({
  device: fc.stringMatching(/^[a-z0-9]{1,16}$/).map(parseDeviceId),
  reason: fc.constantFrom(...REVOCATION_REASONS),
  revokedAt: instant,
  marks: fc.array(mark, { maxLength: 4 }),
});
const list: fc.Arbitrary<RevocationList> = fc
  .tuple(instant, fc.array(line, { maxLength: 6 }))
  .map(([issuedAt, lines]) => ({
    site: parseSiteId("school-1"),
    issuedAt,
    entries: lines.map((one, at) => ({ ...one, number: at + 1 })),
  }));

describe("a revocation list", () => {
  it("reads as it was written", () => {
    fc.assert(
      fc.property(list, (given) => {
        expect(decodeRevocations(encodeRevocations(given))).toEqual(given);
      }),
    );
  });

  it("has the number of its last line", () => {
    expect(listNumber({ entries: [] })).toBe(0);
    fc.assert(
      fc.property(list, (given) => {
        expect(listNumber(given)).toBe(given.entries.length);
      }),
    );
  });

  it("does not read when its numbers fall or a field is not of its form", () => {
    const entry = (number: number, reason: unknown = 1): unknown[] => [number, "door-1", reason, 5, []];
    const wrong = [
      [1, "school-1", 5, [entry(2), entry(1)]],
      [1, "school-1", 5, [entry(1), entry(1)]],
      [1, "school-1", 5, [entry(1, 99)]],
      [1, "school-1", 5, [entry(1, "stolen")]],
      [2, "school-1", 5, []],
      [1, "School 1", 5, []],
      [1, "school-1", -5, []],
      [1, "school-1", 5, [[1, "door-1", 1, 5, [["00", "c", 1]]]]],
      [1, "school-1", 5],
      "list",
    ];
    for (const fields of wrong) expect(() => decodeRevocations(encodeCbor(fields))).toThrow(BluepostError);
  });

  it("only ever throws faults of its own for noise", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decodeRevocations(bytes);
        } catch (fault) {
          expect(fault).toBeInstanceOf(BluepostError);
        }
      }),
    );
  });
});
