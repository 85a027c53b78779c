import { describe, expect, it } from "vitest";
import { localTime, shortKey, table } from "../../../../engine/cli/table.ts";

describe("table", () => {
  it("lines columns up, numbers to the right, also in Vietnamese", () => {
    expect(
      table(
        ["địa điểm", "phút"],
        [
          ["Chợ Rạch Giá".normalize("NFD"), 5],
          ["Bệnh viện", 120],
        ],
      ),
    ).toEqual(["địa điểm      phút", "Chợ Rạch Giá     5", "Bệnh viện      120"]);
  });

  it("shows Vietnam's time and a part of a key", () => {
    expect(localTime(Date.UTC(2026, 10, 15, 18, 5))).toBe("2026-11-16 01:05");
    expect(localTime(null)).toBe("-");
    expect(shortKey("0123456789abcdef0123456789abcdef")).toBe("01234567…");
  });
});
