import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ObservedIds } from "../../../../engine/radio/observed-ids.ts";
import { concatBytes, toHex } from "../../../../protocol/bytes.ts";
import { nodeCrypto } from "../../../../runtime/node-crypto.ts";
import { runs } from "../../../support/property-runs.ts";

const id = fc.uint8Array({ minLength: 16, maxLength: 16 });

describe("ObservedIds", () => {
  it("finds each session of each identifier that was added, and no other", () => {
    fc.assert(
      fc.property(fc.array(id, { maxLength: 300 }), fc.array(id, { maxLength: 20 }), (heard, others) => {
        const table = new ObservedIds(nodeCrypto.randomBytes);
        for (const [at, one] of [...heard, ...heard].entries()) table.add(one, at + 1);
        const asked = [...others, ...heard];
        const found = new Set<string>();
        table.find(concatBytes(...asked), 16, (at, session) => found.add(`${at}:${session}`));
        const prefix = (bytes: Uint8Array): string => toHex(bytes.subarray(0, 8));
        const wanted = asked.flatMap((one, at) =>
          [...heard, ...heard].flatMap((other, session) =>
            prefix(other) === prefix(one) ? [`${at}:${session + 1}`] : [],
          ),
        );
        expect(found).toEqual(new Set(wanted));
      }),
      { numRuns: runs(50) },
    );
  });

  it("reads identifiers of 12 bytes that lie anywhere in a buffer", () => {
    const table = new ObservedIds(nodeCrypto.randomBytes);
    const ids = nodeCrypto.randomBytes(5 * 12 + 1).slice(1);
    const moved = concatBytes(Uint8Array.of(0), ids).subarray(1);
    table.add(ids.subarray(36, 48), 7);
    const found: (readonly [number, number])[] = [];
    table.find(moved, 12, (at, session) => found.push([at, session]));
    expect(found).toEqual([[3, 7]]);
  });

  it("stays right while it grows, also with many equal identifiers", () => {
    const table = new ObservedIds(nodeCrypto.randomBytes);
    const same = nodeCrypto.randomBytes(16);
    for (let n = 1; n <= 3_000; n += 1) table.add(n % 10 === 0 ? same : nodeCrypto.randomBytes(16), n);
    let hits = 0;
    table.find(same, 16, () => {
      hits += 1;
    });
    expect([table.size, hits]).toEqual([3_000, 300]);
  });
});
