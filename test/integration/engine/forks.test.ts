import { describe, expect, it } from "vitest";
import { MINUTE_MS, type WallMs } from "../../../protocol/units.ts";
import { type MadeBatch, makeDevice, reissued, TEST_NOW } from "../../support/batches.ts";
import { dumpEngine } from "../../support/engine-dump.ts";
import { openTestEngine, receiptOf } from "../../support/engines.ts";

const person = (n: number): { readonly scheme: "cccd"; readonly id: string } => ({
  scheme: "cccd",
  id: String(100_000_000_000 + n),
});
const at = (minutes: number): WallMs => (TEST_NOW - 10 * 60 * MINUTE_MS + minutes * MINUTE_MS) as WallMs;
const verdicts = (answer: { readonly results: readonly { readonly verdict: string }[] }): string[] =>
  answer.results.map(({ verdict }) => verdict);

describe("a copied ledger", () => {
  it("loses nothing and merges nothing, and raises an alarm once", async () => {
    const alarms: string[] = [];
    const log = { error: (event: string) => alarms.push(event), warn() {}, info() {}, debug() {} };
    const { engine, authority, folder } = await openTestEngine({ log: { ...log, child: () => log } as never });
    const original = await makeDevice(authority);
    const common = await original.batch([{ who: person(1), wallMs: at(0) }]);
    const copy = original.clone();
    const mine = await original.batch([{ who: person(2), wallMs: at(10) }]);
    const theirs = await copy.batch([{ who: person(3), wallMs: at(11) }]);
    expect(verdicts(await engine.ingest([common.bytes, mine.bytes]))).toEqual(["stored", "stored"]);
    const answer = await engine.ingest([theirs.bytes]);
    expect(verdicts(answer)).toEqual(["fork"]);
    expect(await receiptOf(engine, answer.results[0])).toMatchObject({ kind: "fork", upto: 1, chainHash: common.hash });
    expect(verdicts(await engine.ingest([theirs.bytes]))).toEqual(["fork"]);
    expect(alarms).toEqual(["stream.forked"]);
    // The copy goes on in a new epoch with everything that it has no receipt for, the common row among it.
    const again = await copy.reborn().batch([...reissued(common), ...reissued(theirs)]);
    const taken = await engine.ingest([again.bytes]);
    expect(verdicts(taken)).toEqual(["stored"]);
    expect(await receiptOf(engine, taken.results[0])).toMatchObject({ kind: "store", upto: 2, n: 2 });
    const { events, quarantine } = await dumpEngine(folder, ["events", "quarantine"]);
    expect(events).toHaveLength(3);
    expect(quarantine).toHaveLength(1);
    expect((await engine.stats()).forks).toMatchObject([{ device: "door-a", batches: 1 }]);
    for (const n of [1, 2, 3]) expect(await engine.visits([engine.personOf(person(n))])).toHaveLength(1);
  });

  it("stores a row once when it comes again before its first copy", async () => {
    const { engine, authority, folder } = await openTestEngine();
    const door = await makeDevice(authority);
    const first = await door.batch([{ who: person(1) }, { who: person(2) }]);
    const again = await door.reborn().batch(reissued(first));
    await engine.ingest([again.bytes]);
    await engine.ingest([first.bytes]);
    expect((await dumpEngine(folder, ["events"]))["events"]).toHaveLength(2);
  });

  it("follows a row through two forks", async () => {
    const { engine, authority, folder } = await openTestEngine();
    const door = await makeDevice(authority);
    const first = await door.batch([{ who: person(1) }]);
    const second: MadeBatch = await door.reborn().batch(reissued(first));
    const third = await door.reborn().batch(reissued(second));
    expect(third.records[0]?.origin).toEqual({ epoch: first.batch.epoch, seq: 1 });
    await engine.ingest([third.bytes, second.bytes, first.bytes]);
    expect((await dumpEngine(folder, ["events"]))["events"]).toHaveLength(1);
  });

  it("takes an annul for its own branch only", async () => {
    const { engine, authority } = await openTestEngine();
    const original = await makeDevice(authority);
    const common = await original.batch([{ who: person(1), wallMs: at(0) }]);
    const copy = original.clone();
    const mine = await original.batch([{ who: person(2), wallMs: at(10) }]);
    const theirs = await copy.batch([{ who: person(3), wallMs: at(11) }]);
    const annul = await copy.batch([{ kind: "annul", annuls: 2, wallMs: at(12) }]);
    await engine.ingest([common.bytes, mine.bytes, theirs.bytes]);
    const again = await copy.reborn().batch([...reissued(theirs), ...reissued(annul)]);
    await engine.ingest([again.bytes]);
    expect(await engine.visits([engine.personOf(person(2))])).toHaveLength(1);
    expect(await engine.visits([engine.personOf(person(3))])).toHaveLength(0);
  });

  it.each([
    ["was issued again", true],
    ["was confirmed before the fork", false],
  ] as const)("takes back a row of an earlier epoch that %s", async (_, isIssuedAgain) => {
    const { engine, authority } = await openTestEngine();
    const door = await makeDevice(authority);
    const first = await door.batch([{ who: person(1), wallMs: at(0) }]);
    const next = await door.batch([{ who: person(2), wallMs: at(1) }]); // at the place that the annul names as its own
    const origin = { epoch: first.batch.epoch, seq: 2 };
    const annul = { kind: "annul", annuls: 1, wallMs: at(2), origin } as const;
    const again = await door.reborn().batch([...(isIssuedAgain ? reissued(first) : []), annul]);
    await engine.ingest([first.bytes, next.bytes, again.bytes]);
    expect(await engine.visits([engine.personOf(person(1))])).toHaveLength(0);
    expect(await engine.visits([engine.personOf(person(2))])).toHaveLength(1);
  });

  it("counts a tombstone in the epoch whose rows were lost", async () => {
    const { engine, authority } = await openTestEngine();
    const door = await makeDevice(authority);
    const first = await door.batch([{ who: person(1) }]);
    await door.batch([{ who: person(2) }, { who: person(3) }]);
    const last = await door.batch([{ who: person(4) }]);
    const origin = { epoch: first.batch.epoch, seq: 5 };
    const tombstone = { kind: "tombstone", lost: { from: 2, to: 3, reason: "corrupt_file" }, origin } as const;
    const again = await door.reborn().batch([...reissued(last), tombstone]);
    const answer = await engine.ingest([first.bytes, again.bytes, last.bytes]);
    expect(verdicts(answer)).toEqual(["stored", "stored", "stored"]);
    expect(await receiptOf(engine, answer.results[1])).toMatchObject({
      upto: 2,
      missing: [],
      tombstoned: [],
      rejected: [],
    });
    expect(await receiptOf(engine, answer.results[2])).toMatchObject({ upto: 4, missing: [], tombstoned: [[2, 3]] });
  });

  it("sees the fork when the gap between both branches closes", async () => {
    const { engine, authority } = await openTestEngine();
    const original = await makeDevice(authority);
    const common = await original.batch([{ who: person(1) }]);
    const copy = original.clone();
    const theirs = [await copy.batch([{ who: person(2) }]), await copy.batch([{ who: person(3) }])] as const;
    const mine = await original.batch([{ who: person(4) }]);
    expect(verdicts(await engine.ingest([common.bytes, theirs[1].bytes]))).toEqual(["stored", "stored"]);
    expect(verdicts(await engine.ingest([mine.bytes]))).toEqual(["fork"]);
    expect(verdicts(await engine.ingest([theirs[0].bytes]))).toEqual(["stored"]);
  });

  it("names genesis when nothing is agreed", async () => {
    const { engine, authority } = await openTestEngine();
    const door = await makeDevice(authority);
    const copy = door.clone();
    const [mine, theirs] = [await door.batch([{ who: person(1) }]), await copy.batch([{ who: person(2) }])];
    const answer = await engine.ingest([mine.bytes, theirs.bytes]);
    expect(verdicts(answer)).toEqual(["stored", "fork"]);
    expect(await receiptOf(engine, answer.results[1])).toMatchObject({
      kind: "fork",
      upto: 0,
      chainHash: mine.batch.previousHash,
    });
  });
});
