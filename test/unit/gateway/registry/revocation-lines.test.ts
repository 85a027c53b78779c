import { describe, expect, it } from "vitest";
import { higherMarks, mergeLines, type RevocationLine } from "../../../../gateway/registry/revocation-lines.ts";
import type { StreamMark } from "../../../../protocol/checkin/revocations.ts";
import { parseDeviceId, parseEpoch } from "../../../../protocol/ids.ts";
import { TEST_NOW } from "../../../support/batches.ts";

const line = (number: number, name: string): RevocationLine => ({
  ...{ number, device: parseDeviceId(name), reason: "lost", revokedAt: TEST_NOW, marks: [] },
});
const short = (lines: readonly RevocationLine[] | null): readonly string[] | null =>
  lines?.map(({ number, device }) => `${number} ${device}`) ?? null;

describe("two revocation lists", () => {
  it.each([
    ["the same", [line(1, "a"), line(2, "b")], [line(1, "a"), line(2, "b")], null],
    ["none here", [], [line(1, "a")], ["1 a"]],
    ["an older copy here", [line(1, "a")], [line(1, "a"), line(3, "b")], ["1 a", "3 b"]],
    ["another order here", [line(1, "b"), line(2, "a")], [line(1, "a"), line(2, "b")], ["1 a", "2 b"]],
    [
      "more here, numbered anew",
      [line(1, "x"), line(2, "b"), line(9, "y")],
      [line(1, "a"), line(2, "b")],
      ["1 a", "2 b", "10 x", "11 y"],
    ],
  ] as const)("become one: %s", (_, own, held, expected) => {
    expect(short(mergeLines(own, held))).toEqual(expected);
  });

  it("keep the higher mark of each stream", () => {
    const mark = (stream: "c" | "p", upto: number): StreamMark => ({
      epoch: parseEpoch("0a0b0c0d0a0b0c0d"),
      stream,
      upto,
    });
    expect(higherMarks([mark("c", 3), mark("p", 1)], [mark("c", 2)])).toEqual([mark("c", 3), mark("p", 1)]);
  });
});
