import { describe, expect, it } from "vitest";
import { matchRows, type ScreenRow } from "../../../../sim/report/screen-rows.ts";

const row = (atMs: number, kind: "in" | "out" = "in", device = "door-1"): ScreenRow => ({ device, kind, atMs });

describe("rows that screens confirmed, against those that the engine holds", () => {
  it("are all there", () => {
    const said = [row(1), row(2, "out"), row(1, "in", "door-2")];
    expect(matchRows(said, said.toReversed())).toEqual({ stored: 3, missing: [], copies: 0, unseen: 0 });
  });

  it("show a lost row although another is stored twice", () => {
    const said = [row(1), row(2), row(3)];
    expect(matchRows(said, [row(1), row(3), row(3)])).toEqual({ stored: 2, missing: [row(2)], copies: 1, unseen: 0 });
  });

  it("show a lost row although another was committed and never seen", () => {
    expect(matchRows([row(1), row(2)], [row(1), row(9)])).toEqual({
      stored: 1,
      missing: [row(2)],
      copies: 0,
      unseen: 1,
    });
  });

  it("tell a row of one way or door from one of another", () => {
    expect(matchRows([row(1)], [row(1, "out"), row(1, "in", "door-2")]).missing).toEqual([row(1)]);
    expect(matchRows([], [row(4), row(4)])).toEqual({ stored: 0, missing: [], copies: 1, unseen: 1 });
  });
});
