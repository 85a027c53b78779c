import { expect, it } from "vitest";
import type { DeviceTime } from "../../../../firmware/ports/device-clock.ts";
import { decideAdmission } from "../../../../kiosk/admission/decide.ts";
import { DEFAULT_POLICY } from "../../../../kiosk/admission/policy.ts";
import { replayVisitors } from "../../../../kiosk/admission/replay-visitors.ts";
import { Visitors } from "../../../../kiosk/admission/visitors.ts";
import type { LoggedRow } from "../../../../kiosk/ledger/checkin-log.ts";
import type { ClockState } from "../../../../protocol/checkin/record.ts";
import { type BootId, parseBootId, type VisitorTag } from "../../../../protocol/ids.ts";
import { type BoottimeMs, DAY_MS, HOUR_MS, type WallMs } from "../../../../protocol/units.ts";

const [EARLIER, NOW] = [parseBootId("00000001"), parseBootId("00000002")];
const TAG = "tag" as VisitorTag;

function row(given: { boot: BootId; boottimeMs: number; wallMs: number; clock: ClockState }): LoggedRow {
  const record = { seq: 1, kind: "in", party: 0, ...given } as unknown as LoggedRow["record"];
  return { record, encoded: new Uint8Array(0), tag: TAG };
}

function timeOf(clock: { state: ClockState; wallMs: number }): DeviceTime {
  return { bootId: NOW, boottimeMs: 20_000, uncertaintyMs: 50, ...clock } as unknown as DeviceTime;
}

/** What a kiosk that just came up says to the visitor of this row, so long after its start. */
async function answerTo(past: LoggedRow, clock: { state: ClockState; wallMs: number }, afterMs: number) {
  const visitors = new Visitors();
  await replayVisitors({ emptiedUpto: 0, read: async (from) => (from === 1 ? [past] : []) }, visitors, timeOf(clock));
  const nowMs = (20_000 + afterMs) as BoottimeMs;
  return decideAdmission({
    past: visitors.find([TAG]),
    inside: 1,
    isCutOff: false,
    party: 0,
    nowMs,
    policy: DEFAULT_POLICY,
  });
}

/** Reads rows as a kiosk does that comes up without a clock. */
async function replayWithoutClock(rows: readonly LoggedRow[]): Promise<Visitors> {
  const visitors = new Visitors();
  const log = { emptiedUpto: 0, read: async (from: number) => (from === 1 ? rows : []) };
  await replayVisitors(log, visitors, timeOf({ state: "unsynced", wallMs: 0 }));
  return visitors;
}

const AT = 1_800_000_000_000 as WallMs;
const cut = (clock: ClockState): LoggedRow => row({ boot: EARLIER, boottimeMs: 9_000_000, wallMs: AT, clock });

it("takes nobody for leaving who scans again because the power took his answer", async () => {
  expect(await answerTo(cut("ntp"), { state: "ntp", wallMs: AT + 30_000 }, 1_000)).toMatchObject({ kind: "already" });
  expect(await answerTo(cut("unsynced"), { state: "ntp", wallMs: AT + 30_000 }, 1_000)).toMatchObject({
    kind: "already",
  });
  expect(await answerTo(cut("ntp"), { state: "unsynced", wallMs: 0 }, 1_000)).toMatchObject({ kind: "already" });
});

it("lets out who came long before the power went, and who was already here in this boot", async () => {
  const leaves = { kind: "admit", direction: "out" };
  expect(await answerTo(cut("ntp"), { state: "ntp", wallMs: AT + 3_600_000 }, 1_000)).toMatchObject(leaves);
  expect(await answerTo(cut("unsynced"), { state: "unsynced", wallMs: 0 }, 60_000)).toMatchObject(leaves);
  const same = row({ boot: NOW, boottimeMs: 5_000, wallMs: AT, clock: "ntp" });
  expect(await answerTo(same, { state: "ntp", wallMs: AT + 15_000 }, 1_000)).toMatchObject({ kind: "already" });
  expect(await answerTo(same, { state: "ntp", wallMs: AT + 15_000 }, 60_000)).toMatchObject(leaves);
});

it("dates what was seen before this start once the clock is known, and forgets who has been there for too long", async () => {
  const visitors = await replayWithoutClock([cut("ntp")]);
  expect([visitors.inside, visitors.find([TAG])?.boottimeMs]).toEqual([1, 0]);
  expect(visitors.date(timeOf({ state: "unsynced", wallMs: AT + HOUR_MS }))).toBe(false);
  expect(visitors.date(timeOf({ state: "gateway", wallMs: AT - HOUR_MS }))).toBe(false);
  expect(visitors.seenHere(-DAY_MS as BoottimeMs)).toEqual([]);
  expect(visitors.date(timeOf({ state: "gateway", wallMs: AT + HOUR_MS }))).toBe(true);
  expect(visitors.find([TAG])?.boottimeMs).toBe(20_000 - HOUR_MS);
  expect(visitors.seenHere(-DAY_MS as BoottimeMs)).toHaveLength(1);
  expect(visitors.date(timeOf({ state: "gateway", wallMs: AT + 2 * HOUR_MS }))).toBe(false);
  visitors.forgetBefore((20_000 - HOUR_MS / 2) as BoottimeMs);
  expect(visitors.inside).toBe(0);
});

it("dates by an anchor of that start what was seen before the clock was known, and leaves the rest at the beginning of this one", async () => {
  const anchor = {
    ...row({ boot: EARLIER, boottimeMs: 9_600_000, wallMs: AT, clock: "gateway" }),
    tag: null,
  };
  const anchored = await replayWithoutClock([
    cut("unsynced"),
    { ...anchor, record: { ...anchor.record, seq: 2, kind: "anchor" } },
  ]);
  const unknown = await replayWithoutClock([cut("unsynced")]);
  const now = timeOf({ state: "ntp", wallMs: AT + HOUR_MS });
  expect([anchored.date(now), unknown.date(now)]).toEqual([true, false]);
  expect(anchored.find([TAG])).toMatchObject({ boottimeMs: 20_000 - HOUR_MS - 600_000, wallMs: AT - 600_000 });
  expect(unknown.find([TAG])?.boottimeMs).toBe(0);
});

it("says whether rows of this boot wait for an anchor", async () => {
  const hasUndated = async (...rows: readonly LoggedRow[]): Promise<boolean> => {
    const log = { emptiedUpto: 0, read: async (from: number) => (from === 1 ? rows : []) };
    return (await replayVisitors(log, new Visitors(), timeOf({ state: "unsynced", wallMs: 0 }))).hasUndated;
  };
  const here = (clock: ClockState): LoggedRow => row({ boot: NOW, boottimeMs: 5_000, wallMs: AT, clock });
  const anchor = { ...here("gateway"), record: { ...here("gateway").record, kind: "anchor" as const } };
  expect(await hasUndated(here("unsynced"), here("ntp"))).toBe(true);
  expect(await hasUndated(here("rtc"))).toBe(true);
  expect(await hasUndated(here("ntp"), here("gateway"))).toBe(false);
  expect(await hasUndated(here("unsynced"), anchor, here("ntp"))).toBe(false);
  expect(await hasUndated(cut("unsynced"), here("ntp"))).toBe(false);
});
