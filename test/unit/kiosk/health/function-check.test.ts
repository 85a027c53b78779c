import { describe, expect, it } from "vitest";
import { kioskCheck } from "../../../../kiosk/health/function-check.ts";

const well = { ledgerAnswers: async () => ({}), disk: async () => null, scannerPresent: () => true, nowMs: () => 0 };

describe("kioskCheck", () => {
  it("finds nothing at a kiosk that does its job", async () => {
    expect(await kioskCheck(well)()).toBeNull();
  });

  it("names a ledger that does not answer before the card, and the card before the scanner", async () => {
    const ledgerAnswers = (): Promise<never> => Promise.reject(new Error("RT_STORE_FAILED"));
    const disk = async (): Promise<string> => "the disk has become read-only";
    expect(await kioskCheck({ ...well, ledgerAnswers, disk })()).toBe("the ledger does not answer");
    expect(await kioskCheck({ ...well, disk })()).toBe("the disk has become read-only");
  });

  it("counts a scanner that was pulled for ten minutes, and never one that was not there at the start", async () => {
    let nowMs = 0;
    let isThere = true;
    const check = kioskCheck({ ...well, scannerPresent: () => isThere, nowMs: () => nowMs });
    expect(await check()).toBeNull();
    isThere = false;
    nowMs = 599_999;
    expect(await check()).toBeNull();
    nowMs = 600_000;
    expect(await check()).toBe("the scanner has been gone for ten minutes");
    isThere = true;
    expect(await check()).toBeNull();
    const afterRestart = kioskCheck({ ...well, scannerPresent: () => false, nowMs: () => nowMs });
    nowMs = 6_000_000;
    expect(await afterRestart()).toBeNull();
  });
});
