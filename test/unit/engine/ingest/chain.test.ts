import { describe, expect, it } from "vitest";
import { type ChainView, judgeBatch } from "../../../../engine/ingest/chain.ts";
import type { LedgerBatch } from "../../../../engine/store/streams.ts";

const hash = (name: number): Uint8Array => new Uint8Array(32).fill(name);
const GENESIS = hash(0);
const batch = (from: number, to: number, own: number, previous: number): LedgerBatch => ({
  from,
  to,
  hash: hash(own),
  previousHash: hash(previous),
});
const view = (change: Partial<ChainView> = {}): ChainView => ({
  received: [[1, 10]],
  upto: 10,
  hashAtUpto: hash(2),
  genesis: GENESIS,
  ledger: [batch(1, 5, 1, 0), batch(6, 10, 2, 1)],
  ...change,
});

describe("judgeBatch", () => {
  it("takes the first batch only after the genesis hash", () => {
    const empty = view({ received: [], upto: 0, hashAtUpto: GENESIS, ledger: [] });
    expect(judgeBatch(empty, batch(1, 5, 1, 0))).toBe("fresh");
    expect(judgeBatch(empty, batch(1, 5, 1, 9))).toBe("fork");
  });

  it("takes what follows, knows what it has, and sees another past", () => {
    expect(judgeBatch(view(), batch(11, 12, 3, 2))).toBe("fresh");
    expect(judgeBatch(view(), batch(6, 10, 2, 1))).toBe("duplicate");
    expect(judgeBatch(view(), batch(6, 10, 9, 1))).toBe("fork");
    expect(judgeBatch(view(), batch(6, 9, 9, 1))).toBe("fork");
    expect(judgeBatch(view(), batch(9, 12, 9, 1))).toBe("fork");
    expect(judgeBatch(view(), batch(11, 12, 3, 9))).toBe("fork");
  });

  it("accepts a gap and checks the chain when it closes", () => {
    expect(judgeBatch(view(), batch(21, 30, 5, 4))).toBe("fresh");
    const gap = view({
      received: [
        [1, 10],
        [21, 30],
      ],
      ledger: [...view().ledger, batch(21, 30, 5, 4)],
    });
    expect(judgeBatch(gap, batch(11, 20, 4, 2))).toBe("fresh");
    expect(judgeBatch(gap, batch(11, 20, 8, 2))).toBe("fork");
    expect(judgeBatch(gap, batch(11, 21, 4, 2))).toBe("fork");
  });

  it("counts seqs whose ledger was pruned as known", () => {
    expect(judgeBatch(view({ ledger: [] }), batch(3, 4, 9, 9))).toBe("duplicate");
    expect(judgeBatch(view({ ledger: [] }), batch(11, 12, 3, 2))).toBe("fresh");
  });
});
