import { describe, expect, it } from "vitest";
import type { Engine, ShownFacility } from "../../../engine/app.ts";
import { EngineInputError } from "../../../engine/errors.ts";
import { parseVenueId } from "../../../protocol/ids.ts";
import { DAY_MS, HOUR_MS } from "../../../protocol/units.ts";
import { openTestEngine, type TestEngine } from "../../support/engines.ts";

const SCHOOL = parseVenueId("7k3m9q2x");
const MARKET = parseVenueId("0000000z");
/** Seven in the morning in Vietnam. */
const MORNING = Date.UTC(2026, 10, 2);
const PLACE = { lat: 10.0206, lon: 104.0125 };

async function town(): Promise<TestEngine> {
  const opened = await openTestEngine({ nowMs: MORNING });
  const { engine } = opened;
  await engine.putVenue({ venue: SCHOOL, name: "Trường THPT An Thới", type: "school", closingHour: 18 });
  await engine.putVenue({ venue: MARKET, name: "Chợ Dương Đông", type: "market", closingHour: 19 });
  await engine.facilities.put({ venue: SCHOOL, list: "school-1467", place: PLACE });
  return opened;
}

const full = (engine: Engine, failed: readonly string[] = []): Promise<ShownFacility> =>
  engine.facilities.check({ venue: SCHOOL, kind: "full", failed });
const daily = (engine: Engine, failed: readonly string[] = []): Promise<ShownFacility> =>
  engine.facilities.check({ venue: SCHOOL, kind: "daily", failed });

describe("a place that checks itself", () => {
  it("is grey at first, green after its full list, and grey again when nobody checks", async () => {
    const { engine, clock } = await town();
    expect(await engine.facilities.all()).toMatchObject([{ colour: "grey", full: null, daily: null, place: PLACE }]);
    expect(await full(engine, ["3", "13"])).toMatchObject({
      colour: "green",
      full: { passed: 13, failed: ["3", "13"] },
    });
    clock.nowMs = MORNING + DAY_MS + 2 * HOUR_MS;
    expect(await engine.facilities.all()).toMatchObject([{ colour: "grey", reasons: ["not_checked_today"] }]);
    expect(await daily(engine)).toMatchObject({ colour: "green", reasons: [] });
  });

  it("keeps its checks over a restart, and the gap between them", async () => {
    const { engine, clock, folder } = await town();
    await full(engine);
    await engine.close();
    const again = await openTestEngine({ folder, nowMs: clock.nowMs + 3 * DAY_MS });
    expect(await daily(again.engine)).toMatchObject({ colour: "yellow", reasons: ["after_gap"] });
    again.clock.nowMs += HOUR_MS;
    expect(await full(again.engine, ["4"])).toMatchObject({ colour: "yellow", reasons: ["full_list"] });
  });

  it("remembers a full list that is older than all that it looks back on", async () => {
    const { engine, clock } = await town();
    await full(engine);
    clock.nowMs += 60 * DAY_MS;
    await daily(engine);
    expect(await engine.facilities.all()).toMatchObject([
      { colour: "yellow", reasons: ["after_gap", "full_list_due"], full: { passed: 15 } },
    ]);
  });

  it("gets another list or spot, and keeps the other and its checks", async () => {
    const { engine } = await town();
    await full(engine);
    await engine.facilities.put({ venue: SCHOOL, list: "school-hanoi-2021", place: null });
    expect(await engine.facilities.all()).toMatchObject([{ colour: "grey", reasons: ["no_full_list"], place: PLACE }]);
    await engine.facilities.put({ venue: SCHOOL, list: "school-1467", place: null });
    expect(await engine.facilities.all()).toMatchObject([{ colour: "green" }]);
  });

  it.each<[string, (engine: Engine) => Promise<unknown>, RegExp]>([
    [
      "an unknown venue",
      (e) => e.facilities.put({ venue: parseVenueId("00000001"), list: "school-1467", place: null }),
      /no such venue/,
    ],
    [
      "a list that there is not",
      (e) => e.facilities.put({ venue: SCHOOL, list: "school-1", place: null }),
      /one of school-1467, school-hanoi-2021$/,
    ],
    [
      "the daily list as the full one",
      (e) => e.facilities.put({ venue: SCHOOL, list: "daily", place: null }),
      /no such full list/,
    ],
    [
      "a school's list for a market",
      (e) => e.facilities.put({ venue: MARKET, list: "school-1467", place: null }),
      /is for school, and this venue is a market/,
    ],
    [
      "a spot that is nowhere",
      (e) => e.facilities.put({ venue: SCHOOL, list: "school-1467", place: { lat: 104, lon: 10 } }),
      /latitude,longitude/,
    ],
    [
      "a check of a place that makes none",
      (e) => e.facilities.check({ venue: MARKET, kind: "daily", failed: [] }),
      /facility add/,
    ],
    ["an item of another list", (e) => daily(e, ["15"]), /has no item 15: it has 1, 2, 3, 4, 5/],
  ])("refuses %s", async (_, attempt, message) => {
    const { engine } = await town();
    const fault = await attempt(engine).catch((thrown: unknown) => thrown);
    expect(fault).toBeInstanceOf(EngineInputError);
    expect((fault as Error).message).toMatch(message);
  });
});

it("shows everybody the same as GeoJSON, longitude first", async () => {
  const { engine } = await town();
  await full(engine, ["3"]);
  const { url } = await engine.listen();
  const answer = await fetch(`${url}/v1/facilities`);
  expect([answer.status, answer.headers.get("content-type"), answer.headers.get("cache-control")]).toEqual([
    200,
    "application/geo+json",
    "public, max-age=60",
  ]);
  expect(await answer.json()).toMatchObject({
    type: "FeatureCollection",
    generatedAt: "2026-11-02T00:00:00.000Z",
    features: [
      {
        type: "Feature",
        id: SCHOOL,
        geometry: { type: "Point", coordinates: [104.0125, 10.0206] },
        properties: {
          name: "Trường THPT An Thới",
          colour: "green",
          full: { level: "good", passed: 14, failed: ["3"] },
          daily: null,
        },
      },
    ],
  });
});
