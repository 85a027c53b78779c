import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Engine } from "../../../engine/app.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, type WallMs } from "../../../protocol/units.ts";
import { Database } from "../../../runtime/sqlite/database.ts";
import {
  type MadeBatch,
  makeDevice,
  type RowDraft,
  reissued,
  TEST_NOW,
  type TestDevice,
} from "../../support/batches.ts";
import { openTestEngine } from "../../support/engines.ts";

const [AN, BINH] = [1, 2];
const at = (minutes: number): WallMs => (TEST_NOW - 10 * HOUR_MS + minutes * MINUTE_MS) as WallMs;
const who = (n: number): { readonly scheme: "cccd"; readonly id: string } => ({
  scheme: "cccd",
  id: String(100_000_000_000 + n),
});
const scan = (n: number, kind: "in" | "out", minutes: number): RowDraft => ({ who: who(n), kind, wallMs: at(minutes) });
const tombstone = (from: number, to: number, minutes: number): RowDraft => ({
  kind: "tombstone",
  lost: { from, to, reason: "disk_full" },
  wallMs: at(minutes),
});

/** An is there twice, for an hour each; Bình comes for the four hours between. The middle batch is what gets lost. */
async function dayOf(door: TestDevice): Promise<Record<"first" | "middle" | "last", MadeBatch>> {
  return {
    first: await door.batch([scan(AN, "in", 0), scan(BINH, "in", 30)]),
    middle: await door.batch([scan(AN, "out", 60), scan(AN, "in", 300)]),
    last: await door.batch([scan(BINH, "out", 330), scan(AN, "out", 360)]),
  };
}

/** Minutes of An with Bình, certain and possible. */
async function minutes(engine: Engine): Promise<readonly (readonly (number | null)[])[]> {
  await engine.settle();
  const { id } = await engine.addCase({ documents: [who(AN)], onset: "2026-11-16" });
  const { contacts } = await engine.trace(id);
  const binh = contacts.filter(({ person }) => person === engine.personOf(who(BINH)));
  return binh.map(({ minutesCertain, minutesPossible }) => [minutesCertain, minutesPossible]);
}

const POSSIBLE_ONLY = [[0, 300.1]];
const JOINED = [[299.9, 300.1]];

describe("stays across rows that were lost", () => {
  it("are possible, and have no certain minutes", async () => {
    const { engine, authority } = await openTestEngine();
    const door = await makeDevice(authority);
    const { first, last } = await dayOf(door);
    const tomb = await door.batch([tombstone(3, 4, 365)]);
    await engine.ingest([first.bytes, last.bytes, tomb.bytes]);
    expect(await minutes(engine)).toEqual(POSSIBLE_ONLY);
  });

  it("lose their certain minutes when the tombstone comes, and get the true ones when the rows come after all", async () => {
    const { engine, authority } = await openTestEngine();
    const door = await makeDevice(authority);
    const { first, middle, last } = await dayOf(door);
    await engine.ingest([first.bytes, last.bytes]);
    expect(await minutes(engine)).toEqual(JOINED);
    await engine.ingest([(await door.batch([tombstone(3, 4, 365)])).bytes]);
    expect(await minutes(engine)).toEqual(POSSIBLE_ONLY);
    await engine.ingest([middle.bytes]);
    expect((await minutes(engine)).reduce((sum, [certain]) => sum + (certain ?? 0), 0)).toBeCloseTo(59.8, 6);
  });

  it("lose them by a salvage's tombstone too, which names rows of the epoch before", async () => {
    const { engine, authority } = await openTestEngine();
    const door = await makeDevice(authority);
    const { first, last } = await dayOf(door);
    const salvaged = door.reborn();
    const lost: RowDraft = { ...tombstone(3, 4, 360), origin: { epoch: door.epoch, seq: 7 } };
    await engine.ingest([(await salvaged.batch([...reissued(first), ...reissued(last)])).bytes]);
    expect(await minutes(engine)).toEqual(JOINED);
    await engine.ingest([(await salvaged.batch([lost])).bytes]);
    expect(await minutes(engine)).toEqual(POSSIBLE_ONLY);
  });

  it("are doubted when another door of the venue lost the rows, and only while it did", async () => {
    const { engine, authority } = await openTestEngine();
    const [main, side] = [await makeDevice(authority), await makeDevice(authority, { device: "door-b", gate: 2 })];
    const stay = await main.batch([scan(AN, "in", 0), scan(BINH, "in", 0), scan(AN, "out", 60), scan(BINH, "out", 60)]);
    const before = await side.batch([scan(3, "in", 65)]);
    await side.batch([scan(3, "out", 70)]);
    await engine.ingest([stay.bytes, before.bytes, (await side.batch([tombstone(2, 2, 74)])).bytes]);
    expect(await minutes(engine)).toEqual([[59.9, 60.1]]);
    const later = await main.batch([
      scan(AN, "in", 80),
      scan(BINH, "in", 80),
      scan(AN, "out", 99),
      scan(BINH, "out", 99),
    ]);
    await engine.ingest([later.bytes]);
    const doubted = await minutes(engine); // nothing of the side door yet says when the loss ended
    expect(doubted.map(([certain]) => certain).sort()).toEqual([0, 59.9]);
    await engine.ingest([(await side.batch([scan(4, "in", 75)])).bytes]);
    expect((await minutes(engine)).map(([certain]) => certain).sort()).toEqual([18.9, 59.9]);
  });

  it("are doubted too when they follow the loss and a door may have taken ins for outs", async () => {
    const { engine, authority } = await openTestEngine();
    const [main, side] = [await makeDevice(authority), await makeDevice(authority, { device: "door-b", gate: 2 })];
    const before = await main.batch([scan(AN, "in", 0), scan(3, "in", 1)]);
    await main.batch([scan(AN, "out", 30)]); // lost: the side door, without link, knows nothing of it
    const swapped = await side.batch([scan(AN, "out", 60), scan(AN, "in", 90), scan(AN, "out", 120)]);
    const binh = await side.batch([scan(BINH, "in", 85), scan(BINH, "out", 130)]);
    const after = await main.batch([tombstone(3, 3, 50), scan(4, "in", 70)]);
    await engine.ingest([before.bytes, swapped.bytes, binh.bytes, after.bytes]);
    expect(await minutes(engine)).toEqual([
      [0, 30.1], // as the door read it
      [0, 5], // as it was: the side door's "out" was an arrival
    ]);
  });

  it("are no longer asked for once retention has passed over the loss", async () => {
    const { engine, authority, folder, clock } = await openTestEngine();
    const door = await makeDevice(authority);
    await door.batch([scan(AN, "in", 0)]);
    await engine.ingest([(await door.batch([tombstone(1, 1, 1)])).bytes]);
    const database = await Database.open({ file: join(folder, "engine.db"), readOnly: true });
    onTestFinished(() => database.close());
    const count = async () => (await database.all("SELECT * FROM lost_rows")).length;
    expect(await count()).toBe(1);
    clock.nowMs = TEST_NOW + 22 * DAY_MS;
    await engine.prune();
    expect(await count()).toBe(0);
  });
});
