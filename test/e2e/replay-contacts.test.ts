import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseContactFile } from "../../sim/replay/contact-file.ts";
import { replayContacts } from "../../sim/replay/replay-contacts.ts";
import { runToEnd } from "../support/part.ts";
import { tempFolder } from "../support/temp.ts";
import { describeVectors, vectorPath } from "../support/vectors.ts";

/** Two classes for an hour: 1 and 2 sit together all the time, 3 is in their room, 4 and 5 are next door. */
function lesson(): string {
  const lines = ["Time;id1;id2;C1;C2"];
  for (let at = 28_800; at <= 32_400; at += 20) {
    lines.push(`${at};1;2;A;A`, `${at};4;5;B;B`);
    if (at % 600 === 0) lines.push(`${at};2;3;A;A`);
  }
  return `${lines.join("\n")}\n`;
}

describe("replay contacts", () => {
  it("knows by the kiosks who was in the room, and by the tokens who was near", async () => {
    const outcome = parseContactFile(lesson());
    if (outcome.kind === "unreadable") throw new Error(outcome.reason);
    const report = await replayContacts(outcome.file, { of: 0, seed: "1" });
    expect(report).toMatchObject({ case: "1", people: 5, rooms: 2, closeContacts: 1 });
    expect(report.F1.kioskNet.recall).toBe(1);
    expect(report.F1.tokenToToken.recall).toBe(1);
    expect(report.F1.sameClassBaseline).toEqual({ recall: 1, precision: 0.5, f1: 0.6667 });
    expect(report).toMatchObject(report.F1);
    const again = await replayContacts(outcome.file, { of: 0, seed: "1" });
    expect({ ...again, timing: null }).toEqual({ ...report, timing: null });
  });

  it("says on the command line what is wrong with a file or a name", async () => {
    const folder = tempFolder();
    mkdirSync(folder, { recursive: true });
    const [good, bad] = [join(folder, "good.csv"), join(folder, "bad.csv")];
    writeFileSync(good, lesson());
    writeFileSync(bad, "28800;1;2;A;A\nhello\n");
    const replay = (...args: string[]) =>
      runToEnd({ script: "dist/sim/main.js", args: ["replay", "contacts", ...args] });
    expect(await replay(bad, "--case", "1")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/line 2: .*five columns/),
    });
    expect(await replay(good, "--case", "9")).toMatchObject({
      code: 64,
      stderr: expect.stringContaining("the first are 1, 2"),
    });
    expect(await replay(join(folder, "none.csv"), "--case", "1")).toMatchObject({ code: 64 });
  });
});

describeVectors("sociopatterns", "replay of a real school day", () => {
  it("reads the whole file, and plays its first afternoon through the kiosks", async () => {
    const text = readFileSync(vectorPath("sociopatterns", "high_school_thiers_2011.csv"), "utf8");
    const whole = parseContactFile(text);
    if (whole.kind === "unreadable") throw new Error(`line ${whole.line}: ${whole.reason}`);
    expect(whole.file).toMatchObject({ ignored: 1 });
    expect([whole.file.people.length, whole.file.rows.length]).toEqual([126, 28_560]);
    const until = (whole.file.rows[0]?.atS ?? 0) + 3_600;
    const rows = whole.file.rows.filter(({ atS }) => atS <= until);
    const of = whole.file.people.findIndex(({ id }) => id === "26");
    const { F1 } = await replayContacts({ ...whole.file, rows }, { of, seed: "1" });
    for (const { recall, precision } of Object.values(F1)) {
      expect(recall).toBeGreaterThanOrEqual(0);
      expect(precision).toBeLessThanOrEqual(1);
    }
  });
});
