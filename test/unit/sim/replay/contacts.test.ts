import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ContactFile, parseContactFile, rowsOfPairs } from "../../../../sim/replay/contact-file.ts";
import { expectedDbm, hear, pathBetween } from "../../../../sim/replay/hearing.ts";
import { CONTACT_M, placements, ROOM, type Step } from "../../../../sim/replay/placement.ts";
import { TokenToToken } from "../../../../sim/replay/token-to-token.ts";
import { createRng } from "../../../../sim/rng.ts";

function read(text: string): ContactFile {
  const outcome = parseContactFile(text);
  if (outcome.kind === "unreadable") throw new Error(`line ${outcome.line}: ${outcome.reason}`);
  return outcome.file;
}

const DAY = "Time;id1;id2;C1;C2\n100;7;9;A;B\n100;9;12;B;B\n140;7;12;A;B\n160;7;9;A;B\n";

describe("a contact file", () => {
  it("is read whatever stands between its columns, with and without a header", () => {
    for (const separator of [";", "\t", ",", " "]) expect(read(DAY.replaceAll(";", separator))).toEqual(read(DAY));
    expect(read(DAY.split("\n").slice(1).join("\r\n"))).toEqual(read(DAY));
    expect(read(DAY).people).toEqual([
      { id: "7", group: "A" },
      { id: "9", group: "B" },
      { id: "12", group: "B" },
    ]);
    expect(Object.fromEntries(rowsOfPairs(read(DAY)))).toEqual({ "0-1": 2, "1-2": 1, "0-2": 1 });
  });

  it.each([
    ["100;7;9", 1, "five columns"],
    ["100;7;9;A;B\n1x0;7;9;A;B", 2, "whole number"],
    ["100;7;;A;A", 1, "two people"],
    ["", 1, "no contacts"],
    ["Time;id1;id2;C1;C2", 1, "no contacts"],
  ])("that is not one is refused with its line: %j", (text, line, reason) => {
    expect(parseContactFile(text)).toMatchObject({ kind: "unreadable", line, reason: expect.stringContaining(reason) });
  });

  it("leaves out who met himself, and counts it", () => {
    expect(read(`${DAY}180;7;7;A;A`)).toEqual({ ...read(DAY), ignored: 1 });
  });

  it("never throws, whatever it holds", () => {
    fc.assert(fc.property(fc.string(), (text) => void parseContactFile(text)));
  });
});

describe("places of people", () => {
  const steps = (seed: string): Step[] => [...placements(read(DAY), createRng(seed))];

  it("has people in contact near one another in one room, from their first to their last contact", () => {
    fc.assert(
      fc.property(fc.string(), (seed) => {
        const made = steps(seed);
        expect(made.map(({ atS }) => atS)).toEqual([100, 120, 140, 160]);
        expect([...(made[0] as Step).places.keys()]).toEqual([0, 1, 2]);
        expect([...(made[3] as Step).places.keys()]).toEqual([0, 1]); // the third had his last contact at 140
        for (const [step, a, b] of [
          [0, 0, 1],
          [0, 1, 2],
          [2, 0, 2],
          [3, 0, 1],
        ] as const) {
          const [one, other] = [made[step]?.places.get(a), made[step]?.places.get(b)];
          if (!one || !other) throw new Error("nobody there");
          expect(one.room).toBe(other.room);
          expect(Math.hypot(one.x - other.x, one.y - other.y)).toBeLessThanOrEqual(CONTACT_M);
        }
      }),
    );
  });

  it("keeps everybody in his room", () => {
    for (const { places } of steps("1"))
      for (const { x, y } of places.values()) {
        expect(x >= 0 && x <= ROOM.width && y >= 0 && y <= ROOM.depth).toBe(true);
      }
  });

  it("are the same for the same seed", () => {
    expect(steps("a")).toEqual(steps("a"));
    expect(steps("a")).not.toEqual(steps("b"));
  });
});

describe("hearing", () => {
  it("weakens with distance and with every wall", () => {
    expect(expectedDbm(1)).toBe(-59);
    expect(expectedDbm(2)).toBeLessThan(expectedDbm(1));
    const mean = (walls: number): number => {
      const rng = createRng("walls");
      const heard = Array.from({ length: 500 }, () => hear({ metres: 3, walls }, rng) ?? -100);
      return heard.reduce((sum, dbm) => sum + dbm, 0) / heard.length;
    };
    expect(mean(0) - mean(1)).toBeGreaterThan(8);
    expect(hear({ metres: 500, walls: 3 }, createRng("far"))).toBeNull();
  });

  it("counts the walls between two rooms", () => {
    const path = pathBetween({ room: 0, x: 5, y: 0 }, { room: 2, x: 5, y: 0 });
    expect(path).toEqual({ metres: 2 * ROOM.width, walls: 2 });
  });

  it("tells a token who stood beside it from one at the other end of the room", () => {
    const near = new TokenToToken(0, createRng("near"));
    const places = new Map([
      [0, { room: 0, x: 1, y: 1 }],
      [1, { room: 0, x: 1.5, y: 1 }],
      [2, { room: 0, x: 9, y: 7 }],
    ]);
    for (let atS = 20; atS <= 2_000; atS += 20) near.step({ atS, places });
    expect(near.nearFor(45)).toEqual(new Set([1]));
    expect(near.nearFor(101)).toEqual(new Set());
  });
});
