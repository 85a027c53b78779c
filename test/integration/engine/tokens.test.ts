import { describe, expect, it } from "vitest";
import { EngineInputError } from "../../../engine/errors.ts";
import { fromHex } from "../../../protocol/bytes.ts";
import { HOUR_MS, MINUTE_MS, type WallMs } from "../../../protocol/units.ts";
import { makeDevice, TEST_NOW } from "../../support/batches.ts";
import { dumpEngine } from "../../support/engine-dump.ts";
import { openTestEngine } from "../../support/engines.ts";
import { tokenRow } from "../../support/radio.ts";

const AT = TEST_NOW - 10 * HOUR_MS;
const at = (minutes: number): WallMs => (AT + minutes * MINUTE_MS) as WallMs;
const an = { scheme: "cccd", id: "001099000001" } as const;
const binh = { scheme: "cccd", id: "001099000002" } as const;

describe("tokens", () => {
  it("check their wearers in and out, so that a case finds them like anyone else", async () => {
    const { engine, authority } = await openTestEngine();
    const [token] = await engine.tokens.issue({ count: 1, autoCheckin: true });
    const seed = fromHex(token?.seed ?? "");
    const [ears, back] = [
      await makeDevice(authority, { stream: "p" }),
      await makeDevice(authority, { stream: "p", device: "door-b", gate: 2 }),
    ];
    const door = await makeDevice(authority);
    await engine.ingest([
      (await ears.batch([tokenRow(seed, { atMs: at(0), minutes: 9 }), tokenRow(seed, { atMs: at(10), minutes: 5 })]))
        .bytes,
      (await back.batch([tokenRow(seed, { atMs: at(25), minutes: 5 }), tokenRow(seed, { atMs: at(120), minutes: 5 })]))
        .bytes,
      (
        await door.batch([
          { who: an, wallMs: at(5) },
          { who: an, kind: "out", wallMs: at(20) },
        ])
      ).bytes,
    ]);
    const { id } = await engine.addCase({ documents: [an], onset: "2026-11-16" });
    const { contacts, tokens } = await engine.trace(id);
    expect(contacts).toMatchObject([
      {
        person: token?.person,
        gates: [1, 2],
        minutesCertain: 14.9,
        start: { evidence: "radio", reason: "explicit", gate: 1 },
        end: { evidence: "radio", reason: "explicit", gate: 2 },
        beside: "scan",
      },
    ]);
    expect(tokens).toMatchObject([{ person: token?.person, gate: 1, minutesCertain: 9.9 }]);
    const visits = await engine.visits([token!.person]);
    expect(visits.map(({ from, to }) => [from, to])).toEqual([
      [at(0) - 50, at(30) + 50],
      [at(120) - 50, at(125) + 50],
    ]);
  });

  it("trace their wearer when that is the case, joined with what doors scanned", async () => {
    const { engine, authority } = await openTestEngine();
    const person = engine.personOf(an);
    const [token] = await engine.tokens.issue({ count: 1, autoCheckin: true, person });
    const [ears, door] = [await makeDevice(authority, { stream: "p" }), await makeDevice(authority)];
    const seed = fromHex(token?.seed ?? "");
    await engine.ingest([
      (await ears.batch([tokenRow(seed, { atMs: at(0), minutes: 9 })])).bytes,
      (
        await door.batch([
          { who: binh, wallMs: at(2) },
          { who: binh, kind: "out", wallMs: at(5) },
        ])
      ).bytes,
    ]);
    const { id } = await engine.addCase({ documents: [an], onset: "2026-11-16" });
    const { contacts, visits, tokens } = await engine.trace(id);
    expect(visits).toMatchObject([{ start: { evidence: "radio" } }]);
    expect(contacts).toMatchObject([{ person: engine.personOf(binh), minutesCertain: 2.9, beside: "radio" }]);
    expect(tokens).toEqual([]);
  });

  it("make no visits without the wearer's consent, nor after they were revoked", async () => {
    const { engine, authority, clock } = await openTestEngine();
    const [quiet] = await engine.tokens.issue({ count: 1, autoCheckin: false });
    const [lost] = await engine.tokens.issue({ count: 1, autoCheckin: true });
    clock.nowMs = at(30);
    await engine.tokens.revoke(lost!.serial);
    clock.nowMs = TEST_NOW;
    const ears = await makeDevice(authority, { stream: "p" });
    const rows = [quiet, lost].flatMap((token) => [
      tokenRow(fromHex(token!.seed), { atMs: at(0) }),
      tokenRow(fromHex(token!.seed), { atMs: at(60) }),
    ]);
    await engine.ingest([(await ears.batch(rows)).bytes]);
    expect(await engine.visits([quiet!.person])).toEqual([]);
    expect(await engine.visits([lost!.person])).toMatchObject([{ from: at(0) - 50 }]);
    await expect(engine.tokens.revoke(lost!.serial)).rejects.toThrow(EngineInputError);
    expect(await engine.tokens.list()).toMatchObject([
      { serial: lost!.serial, autoCheckin: true, revokedMs: at(30) },
      { serial: quiet!.serial, autoCheckin: false, revokedMs: null },
    ]);
  });

  it("are found once an anchor dates what was heard", async () => {
    const { engine, authority } = await openTestEngine();
    const [token] = await engine.tokens.issue({ count: 1, autoCheckin: true });
    const ears = await makeDevice(authority, { stream: "p" });
    const heard = tokenRow(fromHex(token!.seed), { atMs: AT });
    await engine.ingest([(await ears.batch([{ ...heard, clock: "unsynced" }])).bytes]);
    expect(await engine.visits([token!.person])).toEqual([]);
    const door = ears.reborn({ stream: "c" });
    await engine.ingest([(await door.batch([{ kind: "anchor", wallMs: at(0), uncertaintyMs: 100 }])).bytes]);
    expect(await engine.visits([token!.person])).toMatchObject([{ from: AT - 100, minutesCertain: 4.9 }]);
  });

  it("go with their wearer's erasure, and what is still under way does not come back", async () => {
    const { engine, authority, folder } = await openTestEngine();
    const [token] = await engine.tokens.issue({ count: 1, autoCheckin: true });
    const ears = await makeDevice(authority, { stream: "p" });
    const seed = fromHex(token!.seed);
    await engine.ingest([(await ears.batch([tokenRow(seed, { atMs: at(0) })])).bytes]);
    await engine.settle();
    expect(await engine.erase(token!.person)).toBe(1);
    await engine.ingest([(await ears.batch([tokenRow(seed, { atMs: at(60) })])).bytes]);
    expect(await engine.visits([token!.person])).toEqual([]);
    expect(await engine.tokens.list()).toEqual([]);
    const { presence, events } = await dumpEngine(folder, ["presence", "events"]);
    expect([presence?.length, events?.length]).toEqual([1, 1]); // unlinkable now: nobody has the seed
  });

  it("are known at once when they take the place of one that was erased", async () => {
    const { engine, authority } = await openTestEngine();
    const ears = await makeDevice(authority, { stream: "p" });
    const [lost] = await engine.tokens.issue({ count: 1, autoCheckin: true });
    await engine.ingest([(await ears.batch([tokenRow(fromHex(lost!.seed), { atMs: at(0) })])).bytes]);
    await engine.settle();
    await engine.erase(lost!.person);
    const [next] = await engine.tokens.issue({ count: 1, autoCheckin: true });
    await engine.ingest([(await ears.batch([tokenRow(fromHex(next!.seed), { atMs: at(60) })])).bytes]);
    expect(await engine.visits([next!.person])).toMatchObject([{ from: at(60) - 50 }]);
  });

  it("are one person each, and one person gets one at a time", async () => {
    const { engine } = await openTestEngine();
    const made = await engine.tokens.issue({ count: 3, autoCheckin: true });
    expect(new Set(made.map(({ person }) => person)).size).toBe(3);
    const twice = engine.tokens.issue({ count: 2, autoCheckin: true, person: engine.personOf(an) });
    await expect(twice).rejects.toThrow(EngineInputError);
  });
});
