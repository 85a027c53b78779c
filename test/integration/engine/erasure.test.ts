import { describe, expect, it } from "vitest";
import { fromHex } from "../../../protocol/bytes.ts";
import { type BoottimeMs, HOUR_MS, MINUTE_MS, type WallMs } from "../../../protocol/units.ts";
import { makeDevice, type RowDraft, reissued, TEST_NOW } from "../../support/batches.ts";
import { dumpEngine } from "../../support/engine-dump.ts";
import { openTestEngine, type TestEngine } from "../../support/engines.ts";
import { tokenRow } from "../../support/radio.ts";

const an = { scheme: "cccd", id: "001099000001" } as const;
const binh = { scheme: "cccd", id: "001099000002" } as const;
const UPTIME_MS = 100 * HOUR_MS;
/** When the person asked; rows come after it. */
const ERASED = TEST_NOW;

/** An engine three hours after it erased `an`. */
async function openErased(before: (engine: TestEngine) => Promise<void> = async () => undefined): Promise<TestEngine> {
  const opened = await openTestEngine({ nowMs: ERASED });
  await before(opened);
  await opened.engine.erase(opened.engine.personOf(an));
  opened.clock.nowMs = ERASED + 3 * HOUR_MS;
  return opened;
}

/** A scan some minutes after the erasure; before it when negative. */
const scan = (minutes: number, change: RowDraft = {}): RowDraft => ({
  who: an,
  wallMs: (ERASED + minutes * MINUTE_MS) as WallMs,
  boottimeMs: (UPTIME_MS + minutes * MINUTE_MS) as BoottimeMs,
  ...change,
});
const undated = { clock: "unsynced" } as const;
const anchor: RowDraft = { kind: "anchor", clock: "gateway", boottimeMs: UPTIME_MS as BoottimeMs };

const eventsIn = async ({ folder }: TestEngine): Promise<number | undefined> =>
  (await dumpEngine(folder, ["events"]))["events"]?.length;

describe("an erasure", () => {
  it("takes a row whose clock leaves open whether it was before", async () => {
    const opened = await openErased();
    const { engine, authority } = opened;
    const door = await makeDevice(authority);
    const doubt = { uncertaintyMs: 5 * MINUTE_MS };
    await engine.ingest([(await door.batch([scan(-2, doubt), scan(3, doubt), scan(6, doubt)])).bytes]);
    expect(await eventsIn(opened)).toBe(1);
  });

  it("takes a row that an anchor moves to before it, with its visit", async () => {
    const opened = await openErased();
    const { engine, authority } = opened;
    const door = await makeDevice(authority);
    const fast = (minutes: number): RowDraft => scan(minutes, { boottimeMs: (UPTIME_MS - HOUR_MS) as BoottimeMs });
    await engine.ingest([(await door.batch([fast(30), { ...fast(60), who: binh }])).bytes]);
    expect(await engine.visits([engine.personOf(an)])).toHaveLength(1);
    await engine.ingest([(await door.batch([anchor])).bytes]);
    expect(await engine.visits([engine.personOf(an)])).toEqual([]);
    expect(await eventsIn(opened)).toBe(1);
  });

  it("leaves rows without a time, and takes those that turn out to be of before", async () => {
    const opened = await openErased();
    const { engine, authority } = opened;
    const door = await makeDevice(authority);
    await engine.ingest([(await door.batch([scan(-5, undated), scan(10, undated)])).bytes]);
    expect(await engine.visits([engine.personOf(an)])).toMatchObject([{ timeUnknown: true }, { timeUnknown: true }]);
    await engine.ingest([(await door.batch([anchor])).bytes]);
    const visits = await engine.visits([engine.personOf(an)]);
    expect(visits).toMatchObject([{ timeUnknown: false, from: ERASED + 10 * MINUTE_MS - 110 }]);
    expect(await eventsIn(opened)).toBe(1);
  });

  it("takes rows without a time that had come before it and are issued again", async () => {
    const sent: Uint8Array[] = [];
    const opened = await openErased(async ({ engine, authority }) => {
      const door = await makeDevice(authority);
      const first = await door.batch([scan(-5, undated)]);
      await engine.ingest([first.bytes]);
      sent.push((await door.reborn().batch([...reissued(first), scan(10, undated)])).bytes);
    });
    await opened.engine.ingest(sent);
    expect(await eventsIn(opened)).toBe(1);
  });

  it("takes a late row without a time when a later one of the same run had come before it", async () => {
    const sent: Uint8Array[] = [];
    const opened = await openErased(async ({ engine, authority }) => {
      const door = await makeDevice(authority);
      const late = await door.batch([scan(-9, undated)]);
      await engine.ingest([(await door.batch([scan(-5, { ...undated, who: binh })])).bytes]);
      sent.push(late.bytes, (await door.batch([scan(10, undated)])).bytes);
    });
    await opened.engine.ingest(sent);
    expect(await eventsIn(opened)).toBe(2);
  });

  it("takes what was heard of a new token of the person but may be of before", async () => {
    const opened = await openErased();
    const { engine, authority } = opened;
    const person = engine.personOf(an);
    const [token] = await engine.tokens.issue({ count: 1, autoCheckin: true, person });
    const ears = await makeDevice(authority, { stream: "p" });
    const seed = fromHex(token?.seed ?? "");
    const rows = [ERASED + 20, ERASED + HOUR_MS].map((atMs) => tokenRow(seed, { atMs }));
    await engine.ingest([(await ears.batch(rows)).bytes]);
    expect(await engine.visits([person])).toMatchObject([{ from: ERASED + HOUR_MS - 50 }]);
    expect(await eventsIn(opened)).toBe(1);
  });
});
