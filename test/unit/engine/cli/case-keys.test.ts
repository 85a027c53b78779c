import { describe, expect, it } from "vitest";
import { keyLines } from "../../../../engine/cli/case-keys.ts";
import { LANGUAGES, textsOf } from "../../../../engine/cli/texts.ts";
import { CASE_KEY_PROBLEMS, type CaseKeyAnswer, type CaseKeyProblem } from "../../../../protocol/http/case-keys.ts";
import type { WallMs } from "../../../../protocol/units.ts";

const window = { from: Date.UTC(2026, 10, 13, 17) as WallMs, to: Date.UTC(2026, 10, 16, 2) as WallMs };

function refused(code: CaseKeyProblem): CaseKeyAnswer {
  return { verdict: "refused", problem: { code, title: CASE_KEY_PROBLEMS[code] } };
}

describe("the answer to `case keys`", () => {
  it("says of a key outside of the window that it was not taken, and which the window is, in both languages", () => {
    const results: readonly CaseKeyAnswer[] = [{ verdict: "stored" }, refused("outside_window")];
    expect(keyLines(results, window, textsOf("en"))).toEqual([
      "key 1: stored",
      "key 2: NOT TAKEN (The key belongs to no day in which the case may have infected others)",
      "",
      "Infectious window: 2026-11-14 00:00 to 2026-11-16 09:00 (Vietnam time)",
    ]);
    expect(keyLines(results, window, textsOf("vi"))).toEqual([
      "khóa 1: đã lưu",
      "khóa 2: KHÔNG NHẬN (Khóa thuộc ngày ngoài khoảng thời gian ca bệnh có thể lây cho người khác)",
      "",
      "Khoảng thời gian có thể lây: 2026-11-14 00:00 đến 2026-11-16 09:00 (giờ Việt Nam)",
    ]);
  });

  it.each(LANGUAGES)("has words for every problem in %s", (language) => {
    const codes = Object.keys(CASE_KEY_PROBLEMS) as CaseKeyProblem[];
    const lines = keyLines(codes.map(refused), window, textsOf(language));
    expect(new Set(lines.slice(0, codes.length)).size).toBe(codes.length);
    expect(lines.join("")).not.toContain("undefined");
  });
});
