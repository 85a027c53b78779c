import { describe, expect, it } from "vitest";
import { MINUTE_MS, type WallMs } from "../../../protocol/units.ts";
import { makeDevice, TEST_NOW } from "../../support/batches.ts";
import { openTestEngine, receiptOf } from "../../support/engines.ts";

const an = { scheme: "cccd", id: "001099000001" } as const;
const binh = { scheme: "cccd", id: "001099000002" } as const;
const at = (minutes: number): WallMs => (TEST_NOW - 10 * 60 * MINUTE_MS + minutes * MINUTE_MS) as WallMs;

describe("ingest", () => {
  it("stores a batch, signs a receipt and finds the contact", async () => {
    const { engine, authority } = await openTestEngine();
    const door = await makeDevice(authority);
    const made = await door.batch([
      { who: an, wallMs: at(0) },
      { who: binh, wallMs: at(10), party: 2 },
      { who: an, kind: "out", wallMs: at(30) },
      { who: binh, kind: "out", wallMs: at(60) },
    ]);
    const { results } = await engine.ingest([made.bytes]);
    expect(results[0]?.verdict).toBe("stored");
    expect(await receiptOf(engine, results[0])).toMatchObject({
      kind: "store",
      upto: 4,
      n: 4,
      missing: [],
      chainHash: made.hash,
      rejected: [],
    });
    const file = await engine.addCase({ documents: [an], onset: "2026-11-16" });
    const trace = await engine.trace(file.id);
    expect(trace.contacts).toMatchObject([
      {
        person: engine.personOf(binh),
        venue: "7k3m9q2x",
        minutesCertain: 19.9,
        minutesPossible: 20.1,
        party: 2,
        gates: [1],
      },
    ]);
  });
});
