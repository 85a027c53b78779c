import { describe, expect, it } from "vitest";
import { loadRulePacks } from "../../../../engine/rules/load-packs.ts";
import { infectiousDays, packAt, parseRulePack, type RulePack } from "../../../../engine/rules/rule-pack.ts";
import { MalformedError } from "../../../../protocol/errors.ts";

const packs = await loadRulePacks();

describe("rule packs", () => {
  it("come with the product, the oldest first, each with a source and how well it is known", () => {
    expect(packs.map(({ id }) => id)).toEqual(["3638", "11042"]);
    for (const { source, strength } of packs)
      expect([source.length > 20, strength === "official"]).toEqual([true, false]);
  });

  it.each<[string, string | null]>([
    ["2021-07-29T16:59:59Z", null], // one second before midnight in Vietnam
    ["2021-07-29T17:00:00Z", "3638"],
    ["2021-12-28T16:59:59Z", "3638"],
    ["2021-12-28T17:00:00Z", "11042"],
    ["2026-11-16T00:00:00Z", "11042"],
  ])("hold on days of Vietnam's calendar: %s", (instant, id) => {
    expect(packAt(packs, Date.parse(instant))?.id ?? null).toBe(id);
  });

  it("say from when a case counts as infectious; without a rule two days", () => {
    expect(infectiousDays(packs, Date.parse("2021-08-01T00:00:00Z"))).toBe(3);
    expect(infectiousDays(packs, Date.parse("2022-01-10T00:00:00Z"))).toBe(2);
    expect(infectiousDays(packs, Date.parse("2020-03-01T00:00:00Z"))).toBe(2);
  });

  it("of which the youngest counts where two overlap", () => {
    const [old] = packs as [RulePack];
    const young = { ...old, id: "young", inForce: { from: "2021-08-15", to: null } };
    expect(packAt([young, old], Date.parse("2021-08-20T00:00:00Z"))?.id).toBe("young");
  });
});

describe("parseRulePack", () => {
  const pack = packs[1] as RulePack;
  const [clause] = pack.clauses as [RulePack["clauses"][number]];

  it.each<[string, unknown]>([
    ["a fact that nobody knows", { ...pack, clauses: [{ ...clause, all: [{ fact: "vaccinated", is: true }] }] }],
    ["a clause without a condition", { ...pack, clauses: [{ ...clause, all: [] }] }],
    ["a clause named twice", { ...pack, clauses: [clause, clause] }],
    ["a text in one language", { ...pack, title: { vi: "Công văn" } }],
    ["an end before the beginning", { ...pack, inForce: { from: "2022-01-01", to: "2021-01-01" } }],
    ["a field that we do not know", { ...pack, note: "x" }],
  ])("refuses %s", (_, wrong) => {
    expect(() => parseRulePack(JSON.stringify(wrong))).toThrow(MalformedError);
  });

  it("refuses what is not JSON", () => {
    expect(() => parseRulePack("{")).toThrow(MalformedError);
  });
});
