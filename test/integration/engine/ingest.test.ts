import { describe, expect, it } from "vitest";
import { encodeBatch } from "../../../protocol/checkin/batch.ts";
import { DAY_MS, MINUTE_MS, type WallMs } from "../../../protocol/units.ts";
import { makeAuthority, makeDevice, TEST_NOW } from "../../support/batches.ts";
import { dumpEngine } from "../../support/engine-dump.ts";
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

  it("answers a batch that comes again as a duplicate, with the same receipt, and changes nothing", async () => {
    const { engine, authority, folder } = await openTestEngine();
    const door = await makeDevice(authority);
    const made = await door.batch([{ who: an }, { who: an, kind: "out" }]);
    const first = await engine.ingest([made.bytes]);
    await engine.settle();
    const before = await dumpEngine(folder);
    const again = await engine.ingest([made.bytes, made.bytes]);
    await engine.settle();
    expect(again.results.map(({ verdict }) => verdict)).toEqual(["duplicate", "duplicate"]);
    expect(await receiptOf(engine, again.results[1])).toEqual(await receiptOf(engine, first.results[0]));
    expect(await dumpEngine(folder)).toEqual(before);
  });

  it("names the rows that are missing, and checks the chain when they come", async () => {
    const { engine, authority } = await openTestEngine();
    const door = await makeDevice(authority);
    const [first, second, third] = [
      await door.batch([{ who: an }]),
      await door.batch([{ who: an }, { who: an }]),
      await door.batch([{ who: an }]),
    ];
    const { results } = await engine.ingest([third.bytes]);
    expect(await receiptOf(engine, results[0])).toMatchObject({ upto: 0, missing: [[1, 3]], n: 1 });
    const more = await engine.ingest([first.bytes]);
    expect(await receiptOf(engine, more.results[0])).toMatchObject({
      upto: 1,
      chainHash: first.hash,
      missing: [[2, 3]],
    });
    const all = await engine.ingest([second.bytes]);
    expect(await receiptOf(engine, all.results[0])).toMatchObject({
      upto: 4,
      chainHash: third.hash,
      missing: [],
      n: 4,
    });
  });

  it("puts a bad row aside with its reason and stores the others", async () => {
    const { engine, authority, folder } = await openTestEngine();
    const door = await makeDevice(authority);
    const { identity } = (await door.clone().batch([{ who: binh }])).records[0]!; // sealed for row 1
    const made = await door.batch([
      { who: an },
      { scheme: "cccd", identity: identity! },
      { who: an, seq: 77 },
      { who: an },
    ]);
    const broken = { ...made.batch, rows: made.batch.rows.map((row, i) => (i === 3 ? new Uint8Array([1, 2]) : row)) };
    const { results } = await engine.ingest([await door.sign(encodeBatch(broken))]);
    expect(results[0]?.verdict).toBe("stored");
    expect(await receiptOf(engine, results[0])).toMatchObject({
      upto: 4,
      n: 1,
      rejected: [
        [2, "bad_seal"],
        [3, "seq_mismatch"],
        [4, "malformed"],
      ],
    });
    const { letters, events } = await dumpEngine(folder, ["letters", "events"]);
    expect(letters).toHaveLength(3);
    expect(events).toHaveLength(1);
    expect((await engine.stats()).deadLetters).toEqual({ bad_seal: 1, malformed: 1, seq_mismatch: 1 });
  });

  it("refuses what no device of ours signed, for its reason", async () => {
    const { engine, authority } = await openTestEngine();
    const door = await makeDevice(authority);
    const other = await makeDevice(authority, { device: "door-b" });
    const made = await door.batch([{ who: an }]);
    const foreign = await (await makeDevice(await makeAuthority())).batch([{ who: an }]);
    const changed = Uint8Array.from(made.bytes);
    changed[changed.length - 1]! ^= 1;
    const { results } = await engine.ingest([
      new Uint8Array(0),
      foreign.bytes,
      changed,
      await other.sign(made.payload),
      await door.sign(new Uint8Array([0x80])),
      new Uint8Array(200_000),
      made.bytes,
    ]);
    expect(results.map(({ verdict, reason }) => reason ?? verdict)).toEqual([
      "malformed",
      "foreign_certificate",
      "bad_signature",
      "wrong_device",
      "malformed",
      "too_large",
      "stored",
    ]);
    expect(results.slice(0, 6).every(({ receipt }) => receipt === undefined)).toBe(true);
  });

  it("keeps devices of one name at two sites apart", async () => {
    const { engine, authority, folder } = await openTestEngine();
    const here = await makeDevice(authority, { site: "school-1" });
    const there = await makeDevice(authority, { site: "market-2", epoch: here.epoch });
    const [a, b] = [await here.batch([{ who: an }]), await there.batch([{ who: binh }])];
    const { results } = await engine.ingest([a.bytes, b.bytes]);
    expect(results.map(({ verdict }) => verdict)).toEqual(["stored", "stored"]);
    expect((await dumpEngine(folder, ["events"]))["events"]).toHaveLength(2);
  });

  it("acknowledges rows past retention as expired and does not store them", async () => {
    const { engine, authority, folder } = await openTestEngine();
    const door = await makeDevice(authority);
    const old = (TEST_NOW - 22 * DAY_MS) as WallMs;
    const made = await door.batch([{ who: an, wallMs: old }, { who: an, wallMs: old, clock: "unsynced" }, { who: an }]);
    const { results } = await engine.ingest([made.bytes]);
    expect(await receiptOf(engine, results[0])).toMatchObject({ upto: 3, n: 2, rejected: [[1, "expired"]] });
    expect((await dumpEngine(folder, ["events"]))["events"]).toHaveLength(2);
  });

  it("keeps what it committed when it is opened again", async () => {
    const { engine, authority, folder } = await openTestEngine();
    const door = await makeDevice(authority);
    const first = await door.batch([{ who: an }]);
    await engine.ingest([first.bytes]);
    await engine.close();
    const { engine: again } = await openTestEngine({ folder });
    const { results } = await again.ingest([first.bytes, (await door.batch([{ who: an, kind: "out" }])).bytes]);
    expect(results.map(({ verdict }) => verdict)).toEqual(["duplicate", "stored"]);
    expect((await receiptOf(again, results[1])).upto).toBe(2);
  });

  it("takes back a row that an annul names, in whatever order they come", async () => {
    const { engine, authority } = await openTestEngine();
    const door = await makeDevice(authority);
    const first = await door.batch([
      { who: an, wallMs: at(0) },
      { who: an, wallMs: at(20), party: 3 },
    ]);
    const second = await door.batch([{ kind: "annul", annuls: 1, wallMs: at(20) }]);
    await engine.ingest([second.bytes]);
    await engine.ingest([first.bytes]);
    expect(await engine.visits([engine.personOf(an)])).toMatchObject([{ party: 3, from: at(20) - 50 }]);
    expect((await engine.stats()).annulled).toBe(1);
  });

  it("closes a gap that a tombstone stands for, and takes the rows if they come after all", async () => {
    const { engine, authority } = await openTestEngine();
    const door = await makeDevice(authority);
    const [first, lost] = [await door.batch([{ who: an }]), await door.batch([{ who: an }, { who: an }])];
    const last = await door.batch([{ kind: "tombstone", lost: { from: 2, to: 3, reason: "disk_full" } }]);
    const { results } = await engine.ingest([first.bytes, last.bytes]);
    expect(await receiptOf(engine, results[1])).toMatchObject({
      upto: 4,
      chainHash: last.hash,
      missing: [],
      tombstoned: [[2, 3]],
      n: 2,
    });
    const salvaged = await engine.ingest([lost.bytes]);
    expect(await receiptOf(engine, salvaged.results[0])).toMatchObject({ upto: 4, tombstoned: [], n: 4 });
  });

  it("tells senders to come back when too much is under way, and takes their batches then", async () => {
    const { engine, authority } = await openTestEngine();
    const made = await (await makeDevice(authority)).batch([{ who: an }]);
    const many = Array.from({ length: 1_000 }, () => made.bytes);
    const first = engine.ingest(many);
    await expect(engine.ingest(many)).rejects.toMatchObject({ code: "ENGINE_BUSY", recovery: "retry" });
    expect((await first).results).toHaveLength(1_000);
    expect((await engine.ingest([made.bytes])).results[0]?.verdict).toBe("duplicate");
  });
});
