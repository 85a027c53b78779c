import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FACTS, type Fact, type ToldFacts } from "../../../../engine/rules/facts.ts";
import { type Encounter, judge } from "../../../../engine/rules/judge.ts";
import { loadRulePacks } from "../../../../engine/rules/load-packs.ts";
import type { RulePack } from "../../../../engine/rules/rule-pack.ts";

const packs = await loadRulePacks();
const packOf = (id: string): RulePack => packs.find((pack) => pack.id === id) as RulePack;
const letter = packOf("11042");

function encounter(
  minutes: number | readonly [certain: number, possible: number | null],
  told: ToldFacts = {},
): Encounter {
  const [minutesCertain, minutesPossible] = typeof minutes === "number" ? [minutes, minutes] : minutes;
  return { minutesCertain, minutesPossible, isDisputed: false, told };
}

describe("judge, by 11042/BYT-DP", () => {
  it("leaves open what only a door log tells, and names the questions in the order of asking", () => {
    expect(judge(letter, encounter(5))).toEqual({
      pack: "11042",
      verdict: "possible",
      clauses: ["a", "c", "d"],
      missing: ["masked", "within2m", "closedSpace", "touched", "cared"],
    });
  });

  it("does not ask for masks when it makes no difference: 15 certain minutes in one room are enough either way", () => {
    expect(judge(letter, encounter(15, { closedSpace: true }))).toEqual({
      pack: "11042",
      verdict: "contact",
      clauses: ["b", "c"],
      missing: [],
    });
    expect(judge(letter, encounter(14.9, { closedSpace: true })).missing).toEqual(["masked", "touched", "cared"]);
  });

  it.each<[string, number | [number, number | null], ToldFacts, string, string[]]>([
    ["a handshake is enough", 0.1, { touched: true }, "contact", ["a"]],
    [
      "with masks near each other for 15 minutes",
      15,
      { masked: true, within2m: true, touched: false, cared: false },
      "contact",
      ["b"],
    ],
    [
      "with masks for less",
      14,
      { masked: true, within2m: true, closedSpace: true, touched: false, cared: false },
      "no",
      [],
    ],
    [
      "without masks however short",
      0.1,
      { masked: false, within2m: true, touched: false, cared: false },
      "contact",
      ["c"],
    ],
    ["far apart in the open", 300, { within2m: false, closedSpace: false, touched: false, cared: false }, "no", []],
    ["who was never there at the same time", 0, { touched: true, cared: true }, "no", []],
  ])("%s", (_, minutes, told, verdict, clauses) => {
    const judged = judge(letter, encounter(minutes, told));
    expect(judged.verdict).toBe(verdict);
    expect(judged.clauses).toEqual(clauses);
    expect(judged.missing).toEqual([]);
  });

  it("takes no possible minute for a certain one: it asks how long", () => {
    const masked = { masked: true, within2m: true, touched: false, cared: false } as const;
    expect(judge(letter, encounter([0, 40], masked))).toMatchObject({
      verdict: "possible",
      clauses: ["b"],
      missing: ["minutes"],
    });
    expect(judge(letter, encounter([0, null], masked))).toMatchObject({ verdict: "possible", missing: ["minutes"] });
  });

  it("makes nobody a contact whom the log contradicts", () => {
    const disputed = { ...encounter(60, { touched: true }), isDisputed: true };
    expect(judge(letter, disputed)).toMatchObject({ verdict: "possible", missing: ["identity"] });
  });
});

it("judges by 3638/QĐ-BYT without masks and minutes", () => {
  const decision = packOf("3638");
  expect(judge(decision, encounter(1))).toMatchObject({ verdict: "possible", missing: ["within2m", "closedSpace"] });
  expect(judge(decision, encounter(1, { closedSpace: true }))).toMatchObject({ verdict: "contact" });
  expect(judge(decision, encounter(1, { closedSpace: false, within2m: false }))).toMatchObject({ verdict: "no" });
});

describe("judge, whatever is known", () => {
  const fact = fc.option(fc.boolean(), { nil: undefined });
  const told = fc
    .record(Object.fromEntries(FACTS.map((name) => [name, fact])) as Record<Fact, typeof fact>)
    .map((all) => Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as ToldFacts);
  const minutes = fc.tuple(fc.double({ min: 0, max: 40, noNaN: true }), fc.double({ min: 0, max: 40, noNaN: true }));
  const pack = fc.constantFrom(...packs);

  it("does not change a decision when more is told, and decides when all is", () => {
    fc.assert(
      fc.property(pack, minutes, told, told, (rule, [certain, more], some, others) => {
        const before = judge(rule, encounter([certain, certain + more], some));
        const after = judge(rule, encounter([certain, certain + more], { ...others, ...some }));
        if (before.verdict !== "possible") expect(after.verdict).toBe(before.verdict);
        expect(before.missing.length > 0).toBe(before.verdict === "possible");
        const all = Object.fromEntries(FACTS.map((name) => [name, some[name] ?? others[name] ?? false]));
        expect(judge(rule, encounter(certain, all)).verdict).not.toBe("possible");
      }),
    );
  });

  it("asks for nothing that is known, and for nothing that could not matter", () => {
    fc.assert(
      fc.property(pack, minutes, told, (rule, [certain, more], some) => {
        const { missing } = judge(rule, encounter([certain, certain + more], some));
        for (const name of missing) if (name !== "minutes" && name !== "identity") expect(some[name]).toBeUndefined();
      }),
    );
  });
});
