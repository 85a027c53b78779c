import { expect, it } from "vitest";
import type { Contact, ContactPerson } from "../../../../engine/match/contact.ts";
import { judgePersons } from "../../../../engine/rules/judge-trace.ts";
import { loadRulePacks } from "../../../../engine/rules/load-packs.ts";
import type { PersonKey } from "../../../../protocol/ids.ts";

const packs = await loadRulePacks();
const NOW = Date.parse("2026-11-20T00:00:00Z");
const [ANH, BE, CHI] = ["a", "b", "c"].map((digit) => digit.repeat(32)) as [PersonKey, PersonKey, PersonKey];

function personOf(person: PersonKey, more: Partial<ContactPerson> = {}): ContactPerson {
  const known = { venues: [], minutesCertain: 20, minutesPossible: 20, timeUnknown: false, conflict: false };
  return { person, ...known, ...more };
}

function stay(person: PersonKey, to: string | null, minutesPossible: number | null = 20): Contact {
  return { person, to: to && Date.parse(to), timeUnknown: to === null, minutesPossible } as Contact;
}

it("judges each person by the rule of the day on which the two were last together", () => {
  const contacts = [
    stay(ANH, "2021-12-28T03:00:00Z"),
    stay(BE, "2021-12-28T03:00:00Z"),
    stay(BE, "2021-12-30T03:00:00Z"),
  ];
  const judged = judgePersons([personOf(ANH), personOf(BE)], { packs, contacts, told: new Map(), nowMs: NOW });
  expect(judged.map(({ verdict }) => verdict?.pack)).toEqual(["3638", "11042"]);
});

it("says so when no rule was in force, and lists contacts first", () => {
  const contacts = [
    stay(ANH, "2020-01-01T00:00:00Z"),
    stay(BE, "2026-11-18T00:00:00Z"),
    stay(CHI, "2026-11-18T00:00:00Z"),
  ];
  const told = new Map([
    [BE, { touched: false, cared: false, within2m: false, closedSpace: false }],
    [CHI, { touched: true }],
  ]);
  const judged = judgePersons([personOf(ANH), personOf(BE), personOf(CHI)], { packs, contacts, told, nowMs: NOW });
  expect(judged.map((one) => [one.person, one.verdict?.verdict ?? null, one.told])).toEqual([
    [CHI, "contact", { touched: true }],
    [ANH, null, {}],
    [BE, "no", { touched: false, cared: false, within2m: false, closedSpace: false }],
  ]);
});

it("counts a stay whose time is unknown as possible minutes, without a bound when nothing bounds it", () => {
  const told = new Map([[ANH, { masked: true, within2m: true, touched: false, cared: false }]]);
  const judge = (minutesPossible: number | null) =>
    judgePersons([personOf(ANH, { minutesCertain: 0, minutesPossible: 0, timeUnknown: true })], {
      packs,
      contacts: [stay(ANH, null, minutesPossible)],
      told,
      nowMs: NOW,
    })[0]?.verdict;
  expect(judge(10)?.verdict).toBe("no"); // masks, and less than 15 minutes at most
  expect(judge(30)).toMatchObject({ verdict: "possible", missing: ["minutes"] });
  expect(judge(null)).toMatchObject({ verdict: "possible", missing: ["minutes"] });
});
