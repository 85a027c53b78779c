import { describe, expect, it } from "vitest";
import { DAY_MS, HOUR_MS, type WallMs } from "../../../protocol/units.ts";
import { makeDevice, reissued, TEST_NOW } from "../../support/batches.ts";
import { dumpEngine } from "../../support/engine-dump.ts";
import { openTestEngine, receiptOf } from "../../support/engines.ts";
import { gaenKeyAt, gaenRow, heardRow, tokenRow } from "../../support/radio.ts";

const AT = TEST_NOW - 5 * HOUR_MS;
const seed = new Uint8Array(16).fill(3);

describe("presence stream", () => {
  it("is opened and stored once, however often it comes", async () => {
    const { engine, authority, folder } = await openTestEngine();
    const ears = await makeDevice(authority, { stream: "p" });
    const made = await ears.batch([
      tokenRow(seed, { atMs: AT }),
      gaenRow(gaenKeyAt(AT), { atMs: AT, metadata: new Uint8Array(4) }),
      heardRow(new Uint8Array(12).fill(9), { atMs: AT, scheme: "bluezone" }),
    ]);
    const { results } = await engine.ingest([made.bytes]);
    expect(await receiptOf(engine, results[0])).toMatchObject({ stream: "p", upto: 3, n: 3, rejected: [] });
    const before = await dumpEngine(folder, ["presence", "events"]);
    expect(before["presence"]).toMatchObject([
      { scheme: 9, duration: 300_000, n: 12, rssi_max: -52, rssi_mean: -61 },
      { scheme: 10 },
      { scheme: 11, ident: "09".repeat(12) },
    ]);
    const life = ears.reborn();
    await engine.ingest([made.bytes, (await life.batch(reissued(made))).bytes]);
    const after = await dumpEngine(folder, ["presence"]);
    expect(after["presence"]).toEqual(before["presence"]);
    expect((await engine.stats()).heard).toBe(3);
  });

  it("puts aside what cannot be opened, and stores the rest", async () => {
    const { engine, authority } = await openTestEngine();
    const ears = await makeDevice(authority, { stream: "p" });
    const { identity } = (await ears.clone().batch([tokenRow(seed, { atMs: AT })])).records[0]!; // sealed for row 1
    const made = await ears.batch([
      tokenRow(seed, { atMs: AT }),
      { kind: "presence", scheme: "token", identity: identity! },
      { kind: "presence", scheme: "token" },
      { ...tokenRow(seed, { atMs: AT }), scheme: "gaen" },
      { kind: "presence", who: { scheme: "cccd", id: "001099000001" } },
    ]);
    const { results } = await engine.ingest([made.bytes]);
    expect(await receiptOf(engine, results[0])).toMatchObject({
      upto: 5,
      n: 1,
      rejected: [
        [2, "bad_seal"],
        [3, "malformed"],
        [4, "bad_seal"],
        [5, "bad_seal"],
      ],
    });
  });

  it("is dated anew when an anchor comes for its boot", async () => {
    const { engine, authority, folder } = await openTestEngine();
    const ears = await makeDevice(authority, { stream: "p" });
    const unsynced = { ...tokenRow(seed, { atMs: AT }), clock: "unsynced" } as const;
    await engine.ingest([(await ears.batch([unsynced])).bytes]);
    expect((await dumpEngine(folder, ["events"]))["events"]).toMatchObject([{ earliest: null, unknown: 1 }]);
    const door = ears.reborn({ stream: "c" });
    await engine.ingest([(await door.batch([{ kind: "anchor", wallMs: AT as WallMs, uncertaintyMs: 100 }])).bytes]);
    const { events, presence } = await dumpEngine(folder, ["events", "presence"]);
    expect(events).toMatchObject([{ earliest: AT - 100, latest: AT + 100, unknown: 0 }]);
    expect(presence).toHaveLength(1);
  });

  it("is deleted after 21 days, and older sessions are not taken in", async () => {
    const { engine, authority, clock, folder } = await openTestEngine();
    const ears = await makeDevice(authority, { stream: "p" });
    const made = await ears.batch([tokenRow(seed, { atMs: AT }), tokenRow(seed, { atMs: AT - 22 * DAY_MS })]);
    const { results } = await engine.ingest([made.bytes]);
    expect(await receiptOf(engine, results[0])).toMatchObject({ upto: 2, n: 1, rejected: [[2, "expired"]] });
    clock.nowMs = TEST_NOW + 22 * DAY_MS;
    await engine.prune();
    expect((await dumpEngine(folder, ["presence"]))["presence"]).toEqual([]);
    expect((await engine.stats()).heard).toBe(0);
  });
});
