import { describe, expect, it } from "vitest";
import { firstDay, type RealCodeCounts } from "../../../../sim/scenarios/first-day.ts";
import type { Found, World } from "../../../../sim/scenarios/scenario.ts";

const COUNTS: RealCodeCounts = { shown: 6, admitted: 1, refused: 2, posters: 2, parties: 1, unanswered: 0 };

async function holds(counts: RealCodeCounts): Promise<readonly boolean[] | undefined> {
  const assertions = await firstDay.check?.(
    { notes: new Map([["realCodes", counts]]) } as unknown as World,
    {} as Found,
  );
  return assertions?.map(({ ok }) => ok);
}

describe("the codes of real systems on the first day", () => {
  it("each get an answer", async () => {
    expect(await holds(COUNTS)).toEqual([true]);
  });

  it.each([
    ["one code gets none", { ...COUNTS, posters: 1, unanswered: 1 }],
    ["the door stops at the first", { ...COUNTS, admitted: 1, refused: 0, posters: 0, unanswered: 4 }],
    ["the number of companions is taken for somebody", { ...COUNTS, admitted: 2, parties: 0 }],
    ["none was shown", { shown: 0, admitted: 0, refused: 0, posters: 0, parties: 0, unanswered: 0 }],
  ])("do not pass when %s", async (_, counts) => {
    expect(await holds(counts)).toEqual([false]);
  });
});
