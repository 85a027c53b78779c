import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { toHex } from "../../../protocol/bytes.ts";
import { parseVenueId } from "../../../protocol/ids.ts";
import { type BoottimeMs, DAY_MS, HOUR_MS, type WallMs } from "../../../protocol/units.ts";
import { Database } from "../../../runtime/sqlite/database.ts";
import { makeDevice, reissued, TEST_NOW } from "../../support/batches.ts";
import { dumpEngine } from "../../support/engine-dump.ts";
import { openTestEngine, receiptOf } from "../../support/engines.ts";
import { tokenRow } from "../../support/radio.ts";

const an = { scheme: "cccd", id: "001099000001" } as const;
/** The venue of {@link makeDevice}. */
const WARD = parseVenueId("7k3m9q2x");
const binh = { scheme: "cccd", id: "001099000002" } as const;

describe("retention", () => {
  it("deletes rows, visits and bytes after 21 days; their seqs stay known, so nothing comes back", async () => {
    const { engine, authority, folder, clock } = await openTestEngine();
    const door = await makeDevice(authority);
    const made = await door.batch([{ who: an }, { who: an, kind: "out" }, { who: binh, clock: "unsynced" }]);
    const bad = await door.batch([{ who: an, seq: 99 }]);
    const copy = door.clone();
    const mine = await door.batch([{ who: an }]);
    const theirs = await copy.batch([{ who: binh }]);
    await engine.ingest([made.bytes, bad.bytes, mine.bytes, theirs.bytes]);
    await engine.settle();
    clock.nowMs = TEST_NOW + 21 * DAY_MS - HOUR_MS;
    expect(await engine.prune()).toEqual({ events: 0, visits: 0, letters: 0, batches: 0 });
    clock.nowMs = TEST_NOW + 22 * DAY_MS;
    expect(await engine.prune()).toMatchObject({ events: 4, letters: 2, batches: 3 });
    await engine.settle();
    const { streams, ...rest } = await dumpEngine(folder);
    expect(Object.values(rest).flat()).toEqual([]);
    expect(streams).toMatchObject([{ upto: 5, received: "[[1,5]]" }]);
    const again = await engine.ingest([made.bytes]);
    expect(again.results[0]?.verdict).toBe("duplicate");
    expect(await receiptOf(engine, again.results[0])).toMatchObject({ upto: 5, chainHash: mine.hash, missing: [] });
    expect((await engine.stats()).rows).toBe(0);
    const next = await door.batch([{ who: an, wallMs: clock.nowMs as WallMs }]);
    expect((await engine.ingest([next.bytes])).results[0]?.verdict).toBe("stored");
  });

  it("keeps the anchor that alone can date rows of a long run", async () => {
    const { engine, authority, clock } = await openTestEngine();
    const door = await makeDevice(authority);
    await engine.ingest([(await door.batch([{ kind: "anchor" }])).bytes]);
    clock.nowMs = TEST_NOW + 30 * DAY_MS;
    await engine.prune();
    const wallMs = (clock.nowMs - HOUR_MS) as WallMs;
    await engine.ingest([(await door.batch([{ who: an, wallMs, clock: "unsynced" }])).bytes]);
    expect(await engine.visits([engine.personOf(an)])).toMatchObject([{ timeUnknown: false }]);
  });

  it("keeps the check-in of a long stay while part of the stay is younger than 21 days", async () => {
    const { engine, authority, folder, clock } = await openTestEngine();
    await engine.putVenue({ venue: WARD, name: "Khoa Nội", type: "hospital", closingHour: null });
    const door = await makeDevice(authority);
    await engine.ingest([(await door.batch([{ who: an }])).bytes]);
    const left = (TEST_NOW + 20 * DAY_MS) as WallMs;
    clock.nowMs = left;
    await engine.ingest([(await door.batch([{ who: an, kind: "out", wallMs: left }])).bytes]);
    const minutes = async (day: number): Promise<number | undefined> => {
      clock.nowMs = TEST_NOW + day * DAY_MS;
      await engine.prune();
      await engine.settle();
      const { visits = [] } = await dumpEngine(folder, ["visits"]);
      const ages = visits.map((slice) => clock.nowMs - (slice as { outer_to: number }).outer_to);
      expect(ages.filter((ageMs) => ageMs > 21 * DAY_MS)).toEqual([]);
      return (await engine.visits([engine.personOf(an)]))[0]?.minutesCertain;
    };
    expect([await minutes(22), await minutes(40)]).toEqual([19 * 1_440, 1_440]);
    expect([await minutes(42), (await engine.stats()).rows]).toEqual([undefined, 0]);
  });

  it("keeps a check-in without a check-out for the longest stay of its place beyond 21 days, and no longer", async () => {
    const { engine, authority, clock } = await openTestEngine();
    await engine.putVenue({ venue: WARD, name: "Khoa Nội", type: "hospital", closingHour: null });
    const [ward, market] = [
      await makeDevice(authority),
      await makeDevice(authority, { device: "door-b", venue: "0000000z" }),
    ];
    await engine.ingest([
      (
        await ward.batch([
          { who: an, wallMs: (TEST_NOW - DAY_MS) as WallMs },
          { who: an },
          { who: binh },
          { who: binh, kind: "out", wallMs: (TEST_NOW + 1) as WallMs },
        ])
      ).bytes,
      (await market.batch([{ who: an }])).bytes,
    ]);
    const rowsOn = async (day: number): Promise<number> => {
      clock.nowMs = TEST_NOW + day * DAY_MS + HOUR_MS;
      await engine.prune();
      return (await engine.stats()).rows;
    };
    expect([await rowsOn(21), await rowsOn(22), await rowsOn(41), await rowsOn(42)]).toEqual([2, 1, 1, 0]);
  });

  it("takes in rows by a real-time clock that stood still for weeks, and dates them once an anchor comes", async () => {
    const { engine, authority } = await openTestEngine();
    const door = await makeDevice(authority);
    const wallMs = (TEST_NOW - 28 * DAY_MS) as WallMs;
    const [came, left] = [TEST_NOW - 2 * HOUR_MS, TEST_NOW - HOUR_MS].map((atMs) => ({
      boottimeMs: (atMs - TEST_NOW + 30 * DAY_MS) as BoottimeMs,
      wallMs,
      clock: "rtc" as const,
      uncertaintyMs: 300_000,
    }));
    const made = await door.batch([
      { who: an, ...came },
      { who: an, kind: "out", ...left },
    ]);
    const { results } = await engine.ingest([made.bytes]);
    expect(await receiptOf(engine, results[0])).toMatchObject({ n: 2, rejected: [] });
    expect(await engine.visits([engine.personOf(an)])).toMatchObject([{ timeUnknown: true, minutesCertain: 0 }]);
    const anchor = { kind: "anchor", clock: "gateway", boottimeMs: (30 * DAY_MS) as BoottimeMs } as const;
    await engine.ingest([(await door.batch([anchor])).bytes]);
    expect(await engine.visits([engine.personOf(an)])).toMatchObject([
      { timeUnknown: false, minutesCertain: 59.9, from: TEST_NOW - 2 * HOUR_MS - 770 },
    ]);
  });

  it("erases a person, keeps late and re-issued rows of before out, and takes visits of after", async () => {
    const { engine, authority, folder, clock } = await openTestEngine();
    const door = await makeDevice(authority);
    const first = await door.batch([{ who: an }, { who: binh }]);
    const late = await door.batch([{ who: an, kind: "out" }]);
    await engine.ingest([first.bytes]);
    clock.nowMs = TEST_NOW + HOUR_MS;
    expect(await engine.erase(engine.personOf(an))).toBe(1);
    const again = await door.reborn().batch(reissued(first));
    const { results } = await engine.ingest([late.bytes, again.bytes]);
    expect(await receiptOf(engine, results[0])).toMatchObject({ upto: 3, n: 3, rejected: [] });
    expect((await dumpEngine(folder, ["events"]))["events"]).toHaveLength(1);
    expect(await engine.visits([engine.personOf(an)])).toEqual([]);
    clock.nowMs = TEST_NOW + 3 * HOUR_MS;
    const after = await door.batch([{ who: an, wallMs: (TEST_NOW + 2 * HOUR_MS) as WallMs }]);
    await engine.ingest([after.bytes]);
    expect(await engine.visits([engine.personOf(an)])).toHaveLength(1);
  });

  it("erases what the person handed in for a case: keys, places, and the code to hand in more", async () => {
    const { engine, authority, folder } = await openTestEngine();
    const [ears, seed] = [await makeDevice(authority, { stream: "p" }), new Uint8Array(16).fill(9)];
    await engine.ingest([(await ears.batch([tokenRow(seed, { atMs: TEST_NOW - HOUR_MS })])).bytes]);
    const own = await engine.addCase({ documents: [an], onset: "2026-11-16" });
    const other = await engine.addCase({ documents: [binh], onset: "2026-11-16" });
    const items = [{ scheme: "token", seed: toHex(seed) }];
    for (const { id } of [own, other]) await engine.radio.addCaseKeys(id, items);
    const { code } = await engine.radio.issueKeyCode(own.id);
    const database = await Database.open({ file: join(folder, "engine.db") });
    onTestFinished(() => database.close());
    for (const { id } of [own, other]) await database.run("INSERT INTO case_place VALUES (?, 1, 2, 3)", [id]);
    await engine.erase(engine.personOf(an));
    for (const table of ["case_key", "case_place"]) {
      expect(await database.all(`SELECT DISTINCT case_id id FROM ${table}`)).toEqual([{ id: other.id }]);
    }
    expect(await engine.radio.uploadKeys({ code, items }, "a")).toEqual({ kind: "refused" });
    expect((await engine.trace(own.id)).heard).toEqual([]);
    expect((await engine.trace(other.id)).heard).toHaveLength(1);
  });

  it("leaves nothing of an erased row in any file, and the others' rows as they were", async () => {
    const { engine, authority, folder } = await openTestEngine();
    const door = await makeDevice(authority);
    const contact = { name: "NGUYEN VAN AN", birthDate: "1990-01-31", phone: "0912345678", address: "Rach Gia" };
    await engine.ingest([
      (
        await door.batch([
          { who: an, contact },
          { who: binh, contact },
        ])
      ).bytes,
    ]);
    await engine.settle();
    const sealedFor = async (person: string): Promise<Buffer> => {
      const database = await Database.open({ file: join(folder, "engine.db"), readOnly: true });
      const row = await database.get<{ vault: Buffer }>("SELECT vault FROM event WHERE person = unhex(?)", [person]);
      await database.close();
      return row?.vault ?? Buffer.alloc(0);
    };
    const [his, hers] = [await sealedFor(engine.personOf(an)), await sealedFor(engine.personOf(binh))];
    const files = (): Buffer =>
      Buffer.concat(
        readdirSync(folder)
          .filter((name) => name.startsWith("engine.db"))
          .map((name) => readFileSync(join(folder, name))),
      );
    expect([his.length > 64, files().includes(his), files().includes(hers)]).toEqual([true, true, true]);
    await engine.erase(engine.personOf(an));
    expect([files().includes(his), files().includes(hers)]).toEqual([false, true]);
  });
});
