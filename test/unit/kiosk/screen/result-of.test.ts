import { describe, expect, it } from "vitest";
import type { ScanAnswer } from "../../../../kiosk/scan/scan-service.ts";
import { resultOf } from "../../../../kiosk/screen/result-of.ts";
import { HOLD_MS } from "../../../../kiosk/screen/timings.ts";
import { RESULT_CODES } from "../../../../protocol/http/kiosk-screen.ts";

const FRAME = { id: 7, online: true, partyMs: 15_000 };

function answer(change: Partial<ScanAnswer>): ScanAnswer {
  return {
    code: "in_ok",
    credential: null,
    atMs: 1_000.4,
    timeKnown: true,
    party: 0,
    rows: [],
    hint: null,
    ...change,
  } as ScanAnswer;
}

describe("the answer on the screen", () => {
  it("holds well 2 s, warnings 3 s, and what needs a person 4 s", () => {
    expect(HOLD_MS.in_ok).toBe(2_000);
    expect(HOLD_MS.out_ok).toBe(2_000);
    for (const code of ["already", "unknown_qr", "poster", "expired", "need_declare"] as const)
      expect(HOLD_MS[code]).toBe(3_000);
    expect(HOLD_MS.see_staff).toBe(4_000);
    expect(RESULT_CODES.filter((code) => HOLD_MS[code] < 2_000 || HOLD_MS[code] > 4_000)).toEqual([]);
  });

  it("asks for companions only when somebody was let in without any", () => {
    expect(resultOf(answer({}), FRAME)).toMatchObject({ partyOpen: true, partyMs: 15_000 });
    expect(resultOf(answer({ party: 3 }), FRAME)).toMatchObject({ partyOpen: false, partyMs: 0 });
    expect(resultOf(answer({ code: "out_ok" }), FRAME)).toMatchObject({ partyOpen: false, partyMs: 0 });
  });

  it("says whether its time counts", () => {
    expect(resultOf(answer({}), FRAME)).toMatchObject({ atMs: 1_000, timeKnown: true });
    expect(resultOf(answer({ timeKnown: false }), FRAME)).toMatchObject({ timeKnown: false });
  });

  it("says saved-for-later only of what was stored while the gateway is away", () => {
    const rows = [{}] as unknown as ScanAnswer["rows"];
    expect(resultOf(answer({ rows }), { ...FRAME, online: false }).offline).toBe(true);
    expect(resultOf(answer({ rows }), FRAME).offline).toBe(false);
    expect(resultOf(answer({ code: "already" }), { ...FRAME, online: false }).offline).toBe(false);
  });
});
