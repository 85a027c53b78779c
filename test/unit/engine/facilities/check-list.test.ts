import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CheckList, parseCheckList, rateCheck } from "../../../../engine/facilities/check-list.ts";
import { loadCheckLists } from "../../../../engine/facilities/load-lists.ts";
import { MalformedError } from "../../../../protocol/errors.ts";

const lists = await loadCheckLists();
const listOf = (id: string): CheckList => lists.get(id) as CheckList;

/** Fails the first items that are not named in `keep`. */
function failing(list: CheckList, count: number, keep: readonly string[] = []): ReadonlySet<string> {
  const order = list.items.map(({ id }) => id).filter((id) => !keep.includes(id));
  return new Set(order.slice(0, count));
}

describe("the check lists", () => {
  it("come with a source and say how well each item's wording is known", () => {
    expect([...lists.keys()]).toEqual(["daily", "school-1467", "school-hanoi-2021"]);
    for (const list of lists.values())
      expect([list.id, list.strength, list.source.length > 20]).not.toContain("official");
    expect(listOf("school-1467").items.filter(({ strength }) => strength === "unverified").length).toBe(7);
  });

  it("have the mandatory criteria of their letters", () => {
    const mandatory = (id: string): string[] => listOf(id).items.flatMap((item) => (item.isMandatory ? [item.id] : []));
    expect([listOf("school-1467").items.length, ...mandatory("school-1467")]).toEqual([15, "4", "5", "10", "11"]);
    expect([listOf("school-hanoi-2021").items.length, ...mandatory("school-hanoi-2021")]).toEqual([
      16,
      "4",
      "5",
      "8",
      "11",
      "12",
    ]);
  });
});

describe("rateCheck", () => {
  const mandatory = ["4", "5", "10", "11"];
  it.each<[number, readonly string[], string, string]>([
    [0, mandatory, "good", "green"],
    [4, mandatory, "good", "green"],
    [5, mandatory, "fair", "green"],
    [7, mandatory, "fair", "green"],
    [8, mandatory, "unsafe", "red"],
    [11, mandatory, "unsafe", "red"],
  ])("rates a school by 1467 with %i criteria failed, none of them mandatory", (count, keep, level, colour) => {
    const list = listOf("school-1467");
    expect(rateCheck(list, failing(list, count, keep)).rating).toMatchObject({ level, colour });
  });

  it("calls a school with 14 of 15 not safe when the one is about masks", () => {
    const result = rateCheck(listOf("school-1467"), new Set(["4"]));
    expect(result).toMatchObject({ passed: 14, failed: ["4"], failedMandatory: ["4"] });
    expect(result.rating).toMatchObject({ level: "mandatory_missing", colour: "yellow" });
  });

  it("refuses an item that is not of the list", () => {
    expect(() => rateCheck(listOf("daily"), new Set(["9"]))).toThrow(MalformedError);
  });

  it("never rates better what fails more", () => {
    const order = ["green", "yellow", "red"];
    const anyList = fc.constantFrom(...lists.values());
    fc.assert(
      fc.property(anyList, fc.array(fc.nat(20)), fc.array(fc.nat(20)), (list, some, more) => {
        const ids = (places: readonly number[]): string[] => places.flatMap((at) => list.items[at]?.id ?? []);
        const less = rateCheck(list, new Set(ids(some)));
        const all = rateCheck(list, new Set(ids([...some, ...more])));
        expect(order.indexOf(all.rating.colour)).toBeGreaterThanOrEqual(order.indexOf(less.rating.colour));
      }),
    );
  });
});

describe("parseCheckList", () => {
  const list = listOf("daily");
  it.each<[string, unknown]>([
    ["an item numbered twice", { ...list, items: [...list.items, list.items[0]] }],
    [
      "a rating that asks for too much",
      { ...list, ratings: [{ ...list.ratings[0], minPassed: 6 }, ...list.ratings.slice(1)] },
    ],
    ["a list with no rating for the worst", { ...list, ratings: list.ratings.slice(0, 2) }],
    ["a colour that we do not know", { ...list, ratings: [{ ...list.ratings[2], colour: "blue" }] }],
    ["a text in one language", { ...list, title: { en: "Daily" } }],
  ])("refuses %s", (_, wrong) => {
    expect(() => parseCheckList(JSON.stringify(wrong))).toThrow(MalformedError);
  });

  it("refuses what is not JSON", () => {
    expect(() => parseCheckList("[")).toThrow(MalformedError);
  });
});
