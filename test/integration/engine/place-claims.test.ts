import { describe, expect, it } from "vitest";
import { toHex } from "../../../protocol/bytes.ts";
import { parseVenueId } from "../../../protocol/ids.ts";
import { posterText, rotatingVenueText } from "../../../protocol/qr/venue-qr.ts";
import { HOUR_MS, MINUTE_MS, type WallMs } from "../../../protocol/units.ts";
import { nodeCrypto } from "../../../runtime/node-crypto.ts";
import { makeDevice, TEST_NOW } from "../../support/batches.ts";
import { openTestEngine, type TestEngine } from "../../support/engines.ts";

const AT = (TEST_NOW - 2 * HOUR_MS) as WallMs;
const an = { scheme: "cccd", id: "001099000001" } as const;
const binh = { scheme: "cccd", id: "001099000002" } as const;
const venueKey = new Uint8Array(32).fill(6);

function codeOf(opened: TestEngine, shownMs: number, key = venueKey): Promise<string> {
  return rotatingVenueText(nodeCrypto, {
    renewalExponent: 8,
    venueType: 0,
    category1: 0,
    category2: 0,
    periodHours: 24,
    periodKey: key,
    periodStartMs: (AT - 3 * HOUR_MS) as WallMs,
    nowMs: shownMs as WallMs,
    authorityKey: opened.engine.keys.venue.publicKey,
  });
}

/** An engine that knows the key of a market, at which somebody was for an hour. */
async function atMarket(): Promise<TestEngine & { readonly id: string }> {
  const opened = await openTestEngine();
  const { engine, authority } = opened;
  const door = await makeDevice(authority);
  await engine.putVenue({ venue: parseVenueId("7k3m9q2x"), name: "Chợ", type: "market", closingHour: null });
  await engine.ingest([
    (
      await door.batch([
        { kind: "presence", who: { scheme: "venue", id: toHex(venueKey) }, wallMs: (AT - HOUR_MS) as WallMs },
        { who: binh, wallMs: AT },
        { who: binh, kind: "out", wallMs: (AT + HOUR_MS) as WallMs },
      ])
    ).bytes,
  ]);
  const { id } = await engine.addCase({ documents: [an], onset: "2026-11-16" });
  return { ...opened, id };
}

describe("claims of presence", () => {
  it("make a stay of the case, known by its phone's word, and never certain minutes", async () => {
    const opened = await atMarket();
    const { engine, id } = opened;
    const item = { scheme: "place", code: await codeOf(opened, AT), at: AT + MINUTE_MS };
    const results = await engine.radio.addCaseKeys(id, [item, item]);
    expect(results.map(({ verdict }) => verdict)).toEqual(["stored", "duplicate"]);
    const { visits, contacts } = await engine.trace(id);
    expect(visits).toMatchObject([
      { venueName: "Chợ", start: { evidence: "claim" }, end: { reason: "default_stay" }, from: AT - MINUTE_MS },
    ]);
    expect(contacts).toMatchObject([{ person: engine.personOf(binh), minutesCertain: 0, beside: "claim" }]);
    expect(contacts[0]?.minutesPossible).toBeGreaterThan(30);
  });

  it("are refused when the code is old, foreign, unknown or a poster", async () => {
    const opened = await atMarket();
    const { engine, id } = opened;
    const [code, unknown] = [await codeOf(opened, AT), await codeOf(opened, AT, new Uint8Array(32).fill(7))];
    const foreign = await codeOf(await openTestEngine(), AT);
    const place = (text: string, at: number): object => ({ scheme: "place", code: text, at });
    const results = await engine.radio.addCaseKeys(id, [
      place(code, AT + 20 * MINUTE_MS),
      place(code, AT - 20 * MINUTE_MS),
      place(foreign, AT),
      place(unknown, AT),
      place(posterText(new Uint8Array(16)), AT),
      place("https://example.org/a-text-that-is-no-venue-code", AT),
      { scheme: "place", code },
    ]);
    expect(results.map(({ problem }) => problem?.code)).toEqual([
      "not_live",
      "not_live",
      "unknown_place",
      "unknown_place",
      "unknown_place",
      "malformed_item",
      "malformed_item",
    ]);
  });

  it("are refused once the key is published: whoever has the file can make them", async () => {
    const opened = await atMarket();
    const { engine, id } = opened;
    const first = await engine.addCase({ documents: [binh], onset: "2026-11-16" });
    await engine.publishCase(first.id);
    const item = async (minutes: number): Promise<object> => {
      const at = AT + minutes * MINUTE_MS;
      return { scheme: "place", code: await codeOf(opened, at), at };
    };
    expect(await engine.radio.addCaseKeys(id, [await item(1)])).toEqual([{ verdict: "stored" }]);
    await engine.publisher.makeFile();
    expect(await engine.radio.addCaseKeys(id, [await item(10)])).toMatchObject([
      { verdict: "refused", problem: { code: "published" } },
    ]);
  });
});
