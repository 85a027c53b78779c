import { cpSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HOUR_MS, MINUTE_MS, type WallMs } from "../../../protocol/units.ts";
import {
  type MadeBatch,
  makeDevice,
  type RowDraft,
  reissued,
  TEST_NOW,
  type TestAuthority,
} from "../../support/batches.ts";
import { dumpEngine } from "../../support/engine-dump.ts";
import { authorityOf, openTestEngine } from "../../support/engines.ts";
import { runs } from "../../support/property-runs.ts";
import { tempFolder } from "../../support/temp.ts";

const START = TEST_NOW - 30 * HOUR_MS;
const BOOT_OFFSET = 1_000_000_000;

/** What one door does in a row; times in minutes since START. */
const row = fc.record({
  what: fc.constantFrom("in", "in", "in", "out", "out", "annul", "anchor"),
  who: fc.integer({ min: 0, max: 3 }),
  minute: fc.integer({ min: 0, max: 24 * 60 }),
  clock: fc.constantFrom("ntp", "ntp", "unsynced", "rtc"),
  doubtMs: fc.constantFrom(50, 60_000, 3_600_000),
});
type Row = typeof row extends fc.Arbitrary<infer T> ? T : never;
const door = fc.array(fc.array(row, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 });
const plan = fc.array(door, { minLength: 1, maxLength: 2 });

/** Turns a plan into batches; the last batch of each door comes again in a new epoch, as after a fork. */
async function batchesOf(
  authority: TestAuthority,
  doors: readonly (readonly (readonly Row[])[])[],
): Promise<MadeBatch[]> {
  const made: MadeBatch[] = [];
  for (const [at, batches] of doors.entries()) {
    const device = await makeDevice(authority, { device: `door-${at}`, venue: at === 0 ? "7k3m9q2x" : "0000000z" });
    for (const rows of batches) made.push(await device.batch(rows.map((one, i) => draft(one, device.nextSeq + i))));
    made.push(await device.reborn().batch(reissued(made.at(-1)!)));
  }
  return made;
}

function draft(one: Row, seq: number): RowDraft {
  const wallMs = (START + one.minute * MINUTE_MS) as WallMs;
  const stamp = {
    wallMs,
    boottimeMs: (one.minute * MINUTE_MS + BOOT_OFFSET) as never,
    clock: one.clock as "ntp",
    uncertaintyMs: one.doubtMs,
  };
  if (one.what === "anchor") return { ...stamp, kind: "anchor" };
  if (one.what === "annul" && seq > 1) return { ...stamp, kind: "annul", annuls: seq - 1 };
  return { ...stamp, kind: one.what === "out" ? "out" : "in", who: { scheme: "cccd", id: String(1e11 + one.who) } };
}

describe("the order of arrival", () => {
  it("does not matter, nor how often a batch comes, nor how batches are grouped", async () => {
    const { folder, engine } = await openTestEngine();
    const authority = await authorityOf(engine);
    await fc.assert(
      fc.asyncProperty(plan, fc.infiniteStream(fc.nat()), async (doors, random) => {
        const made = await batchesOf(authority, doors);
        const inOrder = await dumpAfter(
          folder,
          made.map((one) => [one]),
        );
        const shuffled = [...made, ...made]
          .map((one) => ({ one, key: random.next().value ?? 0 }))
          .sort((a, b) => a.key - b.key)
          .map(({ one }) => one);
        const groups: MadeBatch[][] = [[]];
        for (const one of shuffled) {
          groups.at(-1)?.push(one);
          if ((random.next().value ?? 0) % 3 === 0) groups.push([]);
        }
        expect(await dumpAfter(folder, groups)).toEqual(inOrder);
      }),
      { numRuns: runs(25) },
    );
  });
});

/** Feeds groups of batches to a new engine with the same keys, building visits after each. */
async function dumpAfter(
  keysFrom: string,
  groups: readonly (readonly MadeBatch[])[],
): Promise<Record<string, unknown[]>> {
  const folder = tempFolder();
  cpSync(join(keysFrom, "keys"), join(folder, "keys"), { recursive: true });
  const { engine } = await openTestEngine({ folder, flags: ["store.synchronous=OFF"] });
  for (const group of groups) {
    const { results } = await engine.ingest(group.map(({ bytes }) => bytes));
    expect(results.every(({ verdict }) => verdict === "stored" || verdict === "duplicate")).toBe(true);
    await engine.settle();
  }
  await engine.close();
  return dumpEngine(folder);
}
