import { describe, expect, it } from "vitest";
import { doubtVisits } from "../../../../engine/visits/doubt-visits.ts";
import { changedStretches, type LostStretch } from "../../../../engine/visits/lost-stretches.ts";
import type { VenuePolicy } from "../../../../engine/visits/venue-policy.ts";
import { VISIT_EVIDENCE, type Visit } from "../../../../engine/visits/visit.ts";
import { HOUR_MS } from "../../../../protocol/units.ts";

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
const SHOP: VenuePolicy = {
  defaultStayMs: HOUR_MS,
  maxStayMs: 16 * HOUR_MS,
  closingHour: null,
  assumedClosingHour: 22,
};
const ALWAYS_OPEN: VenuePolicy = { ...SHOP, assumedClosingHour: null };
/** 1970 began at seven in the morning in Vietnam. */
const later = (hours: number): Visit => ({
  ...STAY,
  outerFrom: STAY.outerFrom + hours * HOUR_MS,
  innerFrom: STAY.innerFrom + hours * HOUR_MS,
  innerTo: STAY.innerTo + hours * HOUR_MS,
  outerTo: STAY.outerTo + hours * HOUR_MS,
});
const doubt = (visits: readonly Visit[], ...stretches: readonly LostStretch[]) =>
  doubtVisits(visits, stretches, () => SHOP);
const certain = (visits: readonly Visit[]) => visits.map(({ innerFrom, innerTo }) => innerTo > innerFrom);
const lost = (fromMs: number, toMs: number, venue = 1): LostStretch => ({ venue, fromMs, toMs });

describe("a stretch of lost rows", () => {
  it.each([
    ["within the stay", lost(1_200, 1_300)],
    ["around the stay", lost(0, 9_000)],
    ["over its begin", lost(900, 1_002)],
    ["over its end", lost(1_998, 3_000)],
  ])("%s leaves what is possible and nothing certain", (_, stretch) => {
    expect(doubt([STAY], lost(0, 1), stretch)).toEqual([{ ...STAY, innerTo: STAY.innerFrom }]);
  });

  it.each([
    ["that ends with the check-in", lost(0, 1_001)],
    ["that begins with the check-out", lost(1_999, 9_000)],
    ["at another venue", lost(0, 9_000, 2)],
  ])("%s changes nothing", (_, stretch) => {
    expect(doubt([STAY], stretch)).toEqual([STAY]);
  });

  it("leaves a stay with an inferred end as it is", () => {
    const inferred: Visit = { ...STAY, innerTo: STAY.innerFrom, endReason: "default_stay" };
    expect(doubt([inferred], lost(0, 9_000))).toEqual([inferred]);
  });

  it("doubts the stays that follow, whose ins and outs may be swapped, until the venue closed in between", () => {
    expect(certain(doubt([later(20), later(9), later(4), STAY], lost(1_200, 1_300)))).toEqual([
      false,
      false,
      false,
      true,
    ]);
  });

  it("doubts them where it never closes until the longest stay has passed", () => {
    const doubted = doubtVisits([STAY, later(16), later(33)], [lost(1_200, 1_300)], () => ALWAYS_OPEN);
    expect(certain(doubted)).toEqual([false, false, true]);
  });

  it("leaves stays before it and at other venues certain", () => {
    const elsewhere = { ...later(2), venue: 2 };
    const stretch = lost(4 * HOUR_MS, 5 * HOUR_MS);
    expect(certain(doubt([STAY, later(4), elsewhere], stretch))).toEqual([true, false, true]);
  });

  it("counts as changed when it is new, gone, or has another bound", () => {
    const [kept, gone, wide, narrow] = [lost(1, 2), lost(3, 4), lost(5, 9), lost(5, 8)];
    expect(changedStretches([kept, gone, wide], [narrow, kept])).toEqual([gone, wide, narrow]);
    expect(changedStretches([kept], [kept])).toEqual([]);
  });
});
