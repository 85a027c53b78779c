import { expect, it } from "vitest";
import type { Engine } from "../../../engine/app.ts";
import { EngineInputError } from "../../../engine/errors.ts";
import type { ToldFacts } from "../../../engine/rules/facts.ts";
import type { PersonKey } from "../../../protocol/ids.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, type WallMs } from "../../../protocol/units.ts";
import { makeDevice, type RowDraft, TEST_NOW } from "../../support/batches.ts";
import { dumpEngine } from "../../support/engine-dump.ts";
import { openTestEngine, type TestEngine } from "../../support/engines.ts";

const START = TEST_NOW - 20 * HOUR_MS;
const who = (n: number) => ({ scheme: "cccd" as const, id: String(100_000_000_000 + n) });
const scan = (n: number, kind: "in" | "out", minutes: number): RowDraft => ({
  who: who(n),
  kind,
  wallMs: (START + minutes * MINUTE_MS) as WallMs,
});

/** A case, and two persons who were twelve minutes and an hour beside it. */
async function met(): Promise<
  TestEngine & { readonly caseId: string; readonly short: PersonKey; readonly long: PersonKey }
> {
  const opened = await openTestEngine();
  const { engine, authority } = opened;
  const door = await makeDevice(authority);
  const rows = [
    scan(1, "in", 0),
    scan(2, "in", 10),
    scan(3, "in", 11),
    scan(2, "out", 22),
    scan(1, "out", 90),
    scan(3, "out", 91),
  ];
  await engine.ingest([(await door.batch(rows)).bytes]);
  const { id } = await engine.addCase({ documents: [who(1)], onset: "2026-11-16" });
  return { ...opened, caseId: id, short: engine.personOf(who(2)), long: engine.personOf(who(3)) };
}

const verdictsOf = async (
  engine: Engine,
  caseId: string,
): Promise<readonly (readonly [PersonKey, string | undefined])[]> =>
  (await engine.trace(caseId)).persons.map(({ person, verdict }) => [person, verdict?.verdict]);

const MASKED: ToldFacts = { masked: true, within2m: true, closedSpace: false, touched: false, cared: false };

it("decides by what was told, each person by their own minutes, also after a restart", async () => {
  const { engine, folder, caseId, short, long } = await met();
  expect(await verdictsOf(engine, caseId)).toEqual([
    [long, "possible"],
    [short, "possible"],
  ]);
  for (const person of [short, long]) await engine.noteTold({ caseId, person, facts: MASKED });
  expect(await verdictsOf(engine, caseId)).toEqual([
    [long, "contact"],
    [short, "no"],
  ]);
  await engine.close();
  const again = await openTestEngine({ folder });
  expect(await verdictsOf(again.engine, caseId)).toEqual([
    [long, "contact"],
    [short, "no"],
  ]);
});

it("takes an answer back, corrects one, and leaves the others", async () => {
  const { engine, caseId, long } = await met();
  await engine.noteTold({ caseId, person: long, facts: MASKED });
  await engine.noteTold({ caseId, person: long, facts: { within2m: null, masked: false } });
  const told = (await engine.trace(caseId)).persons.find(({ person }) => person === long)?.told;
  expect(told).toEqual({ masked: false, closedSpace: false, touched: false, cared: false });
});

it("refuses what is told for a case that there is not", async () => {
  const { engine, long } = await met();
  await expect(engine.noteTold({ caseId: "case-0000000z", person: long, facts: MASKED })).rejects.toThrow(
    EngineInputError,
  );
});

it("keeps no answer past its retention, nor of an erased person, nor for the case of one", async () => {
  const { engine, folder, clock, caseId, short, long } = await met();
  const told = async (): Promise<number | undefined> => (await dumpEngine(folder, ["told"]))["told"]?.length;
  for (const person of [short, long]) await engine.noteTold({ caseId, person, facts: MASKED });
  const { id: other } = await engine.addCase({ persons: [long], onset: "2026-11-16" });
  await engine.noteTold({ caseId: other, person: short, facts: MASKED });
  expect(await told()).toBe(15);
  await engine.erase(long);
  expect(await told()).toBe(5);
  clock.nowMs += 22 * DAY_MS;
  await engine.prune();
  expect(await told()).toBe(0);
});
