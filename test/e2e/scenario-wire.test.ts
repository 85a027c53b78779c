import { expect, it } from "vitest";
import { runOnWire } from "../../sim/scenario/run-wire.ts";
import { marketDay } from "../../sim/scenarios/market-day.ts";
import type { Plan } from "../../sim/scenarios/scenario.ts";
import { noPtys } from "../support/ptys.ts";

/** The first eight stays. */
const morning = (plan: Plan): Plan => ({ ...plan, stays: plan.stays.slice(0, 8) });

it.skipIf(noPtys)(`lives through a shortened market day with untouched processes, in real time ${noPtys}`, async () => {
  const { report, log } = await runOnWire(marketDay, { seed: "7", change: morning });
  expect(report.assertions.filter(({ ok }) => !ok)).toEqual([]);
  expect(report).toMatchObject({ accepted: report.stays * 2, lost: 0, duplicated: 0 });
  expect(log.trim().split("\n")).toHaveLength(report.stays * 2);
});
