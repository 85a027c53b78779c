import { describe, expect, it } from "vitest";
import { FreshReports } from "../../../../kiosk/peers/fresh-reports.ts";
import { parseBootId, parseDeviceId } from "../../../../protocol/ids.ts";
import type { BoottimeMs } from "../../../../protocol/units.ts";

const [a, b] = [parseDeviceId("door-a"), parseDeviceId("door-b")];
const [first, second] = [parseBootId("00000001"), parseBootId("00000002")];
const at = (boot: typeof first, ms: number): { boot: typeof first; sentMs: BoottimeMs } => ({
  boot,
  sentMs: ms as BoottimeMs,
});

describe("FreshReports", () => {
  it("takes each report once, in the order of its sender's time", () => {
    const fresh = new FreshReports();
    expect(
      [at(first, 5), at(first, 6), at(first, 6), at(first, 5), at(first, 7)].map((one) => fresh.accept(a, one)),
    ).toEqual([true, true, false, false, true]);
    expect(fresh.accept(b, at(first, 1))).toBe(true);
  });

  it("begins anew with a new boot, and takes nothing of one that is over", () => {
    const fresh = new FreshReports();
    expect(fresh.accept(a, at(first, 1_000))).toBe(true);
    expect(fresh.accept(a, at(second, 1))).toBe(true);
    expect(fresh.accept(a, at(first, 2_000))).toBe(false);
    expect(fresh.accept(a, at(second, 2))).toBe(true);
  });

  it("keeps a bound on what it remembers", () => {
    const fresh = new FreshReports();
    for (let door = 0; door < 1_000; door += 1)
      expect(fresh.accept(parseDeviceId(`d${door}`), at(first, 1))).toBe(true);
    for (let boot = 0; boot < 100; boot += 1)
      expect(fresh.accept(a, at(parseBootId(boot.toString(16).padStart(8, "0")), 1))).toBe(true);
  });
});
