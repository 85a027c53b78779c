import { describe, expect, it } from "vitest";
import { colourAt, type RatedCheck } from "../../../../engine/facilities/colour.ts";
import { DAY_MS, HOUR_MS } from "../../../../protocol/units.ts";

/** An hour of the first days of November 2026, in Vietnam. */
const at = (day: number, hour: number): number => Date.UTC(2026, 10, day) + (hour - 7) * HOUR_MS;
const check = (day: number, hour: number, colour: RatedCheck["colour"] = "green"): RatedCheck => ({
  atMs: at(day, hour),
  colour,
});
const full = [check(1, 8)];

describe("the colour of a place", () => {
  it("is grey before its first full list, whatever its daily checks say", () => {
    expect(colourAt({ full: [], daily: [check(1, 7)] }, at(1, 10))).toEqual({
      colour: "grey",
      reasons: ["no_full_list"],
    });
  });

  it("is that of the full list on the day it was made, and then needs a check a day", () => {
    expect(colourAt({ full, daily: [] }, at(1, 23.9))).toEqual({ colour: "green", reasons: [] });
    expect(colourAt({ full, daily: [] }, at(2, 8.99))).toEqual({ colour: "green", reasons: [] });
    expect(colourAt({ full, daily: [] }, at(2, 9))).toEqual({ colour: "grey", reasons: ["not_checked_today"] });
    expect(colourAt({ full, daily: [check(2, 9.5)] }, at(2, 10))).toEqual({ colour: "green", reasons: [] });
  });

  it("is not saved by the morning when nobody checked yesterday", () => {
    expect(colourAt({ full, daily: [] }, at(3, 7))).toEqual({ colour: "grey", reasons: ["not_checked_today"] });
  });

  it("is the worst of the full list and of the daily check", () => {
    const today = [check(2, 8, "yellow")];
    expect(colourAt({ full, daily: today }, at(2, 10))).toEqual({ colour: "yellow", reasons: ["daily_check"] });
    expect(colourAt({ full: [check(1, 8, "red")], daily: today }, at(2, 10))).toEqual({
      colour: "red",
      reasons: ["full_list"],
    });
    expect(colourAt({ full: [check(1, 8, "yellow")], daily: today }, at(2, 10)).reasons).toEqual([
      "full_list",
      "daily_check",
    ]);
  });

  it("takes the last check of a day", () => {
    const daily = [check(2, 7, "red"), check(2, 11)];
    expect(colourAt({ full, daily }, at(2, 10))).toEqual({ colour: "red", reasons: ["daily_check"] });
    expect(colourAt({ full, daily }, at(2, 12))).toEqual({ colour: "green", reasons: [] });
  });

  it("is at most yellow after more than 48 hours of silence, until the full list is renewed", () => {
    const silent = [check(1, 9), check(3, 9.1), check(4, 8)];
    expect(colourAt({ full, daily: [check(1, 9), check(3, 9)] }, at(3, 10))).toEqual({ colour: "green", reasons: [] });
    expect(colourAt({ full, daily: silent }, at(4, 10))).toEqual({ colour: "yellow", reasons: ["after_gap"] });
    const renewed = [...full, check(4, 9)];
    expect(colourAt({ full: renewed, daily: [...silent, check(5, 8)] }, at(5, 10))).toEqual({
      colour: "green",
      reasons: [],
    });
  });

  it("is at most yellow when the full list is older than a month", () => {
    const daily = Array.from({ length: 33 }, (_, day) => ({ atMs: at(1, 9) + day * DAY_MS, colour: "green" as const }));
    expect(colourAt({ full, daily }, at(32, 8))).toEqual({ colour: "green", reasons: [] });
    expect(colourAt({ full, daily }, at(32, 9.5))).toEqual({ colour: "yellow", reasons: ["full_list_due"] });
  });
});
