import fc from "fast-check";
import { expect, it } from "vitest";
import type { LoggedRow, StreamLog } from "../../../../kiosk/ledger/checkin-log.ts";
import { keptSince, prunableUpto } from "../../../../kiosk/uplink/prunable.ts";
import type { WallMs } from "../../../../protocol/units.ts";

/** A stream of rows a minute apart, of which the first `confirmed` have a receipt and every `batch`th ends a batch. */
function stream({ rows, confirmed, batch }: { rows: number; confirmed: number; batch: number }): StreamLog {
  const log: Partial<StreamLog> = {
    watermark: { upto: confirmed, hash: new Uint8Array(0) },
    sizes: async () => ({ rows, firstSeq: 1, lastSeq: rows }),
    read: async (from) =>
      from >= 1 && from <= rows ? [{ record: { wallMs: from * 60_000 } } as unknown as LoggedRow] : [],
    hashAt: async (seq) => (seq % batch === 0 ? new Uint8Array(32) : null),
  };
  return log as StreamLog;
}

it("gives up no row that is young or has no receipt, and only whole batches", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        rows: fc.nat(600),
        confirmed: fc.nat(600),
        batch: fc.integer({ min: 1, max: 50 }),
        minute: fc.nat(700),
      }),
      async ({ rows, confirmed, batch, minute }) => {
        const upto = await prunableUpto(
          stream({ rows, confirmed: Math.min(rows, confirmed), batch }),
          (minute * 60_000) as WallMs,
        );
        const limit = Math.min(rows, confirmed, Math.max(0, minute - 1));
        expect(upto).toBe(limit - (limit % batch));
      },
    ),
  );
});

it("keeps rows for 18 hours, and none when the clock knows nothing", () => {
  const now = { bootId: "00000001" as never, boottimeMs: 0 as never, uncertaintyMs: 0 };
  expect(keptSince({ ...now, wallMs: (20 * 3_600_000) as WallMs, state: "ntp" })).toBe(2 * 3_600_000);
  expect(keptSince({ ...now, wallMs: 0 as WallMs, state: "unsynced" })).toBe(Number.POSITIVE_INFINITY);
});
