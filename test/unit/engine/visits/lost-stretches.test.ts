import { describe, expect, it } from "vitest";
import { changedStretches, doubtVisits, type LostStretch } from "../../../../engine/visits/lost-stretches.ts";
import { VISIT_EVIDENCE, type Visit } from "../../../../engine/visits/visit.ts";

const DOCUMENT = VISIT_EVIDENCE.indexOf("document");
const STAY: Visit = {
  venue: 1,
  outerFrom: 999,
  innerFrom: 1_001,
  innerTo: 1_999,
  outerTo: 2_001,
  gateIn: 1,
  gateOut: 1,
  startEvidence: DOCUMENT,
  endEvidence: DOCUMENT,
  startReason: "explicit",
  endReason: "explicit",
  party: 0,
};
const lost = (fromMs: number, toMs: number, venue = 1): LostStretch => ({ venue, fromMs, toMs });

describe("a stretch of lost rows", () => {
  it.each([
    ["within the stay", lost(1_200, 1_300)],
    ["around the stay", lost(0, 9_000)],
    ["over its begin", lost(900, 1_002)],
    ["over its end", lost(1_998, 3_000)],
  ])("%s leaves what is possible and nothing certain", (_, stretch) => {
    expect(doubtVisits([STAY], [lost(0, 1), stretch])).toEqual([{ ...STAY, innerTo: STAY.innerFrom }]);
  });

  it.each([
    ["that ends with the check-in", lost(0, 1_001)],
    ["that begins with the check-out", lost(1_999, 9_000)],
    ["at another venue", lost(0, 9_000, 2)],
  ])("%s changes nothing", (_, stretch) => {
    expect(doubtVisits([STAY], [stretch])).toEqual([STAY]);
  });

  it("leaves a stay with an inferred end as it is", () => {
    const inferred: Visit = { ...STAY, innerTo: STAY.innerFrom, endReason: "default_stay" };
    expect(doubtVisits([inferred], [lost(0, 9_000)])).toEqual([inferred]);
  });

  it("counts as changed when it is new, gone, or has another bound", () => {
    const [kept, gone, wide, narrow] = [lost(1, 2), lost(3, 4), lost(5, 9), lost(5, 8)];
    expect(changedStretches([kept, gone, wide], [narrow, kept])).toEqual([gone, wide, narrow]);
    expect(changedStretches([kept], [kept])).toEqual([]);
  });
});
