import { statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { diskCheck, diskOf, storeCheck } from "../../../runtime/disk-check.ts";
import { tempFolder } from "../../support/temp.ts";

const HOUR_MS = 3_600_000;

describe("diskCheck", () => {
  it("writes once an hour and asks each time", async () => {
    let nowMs = 0;
    const acts: string[] = [];
    const note = (act: string) => async (): Promise<void> => void acts.push(act);
    const check = diskCheck({ requireWritable: note("asked"), trialWrite: note("written") }, () => nowMs);
    for (nowMs of [0, 20_000, HOUR_MS - 1, HOUR_MS]) expect(await check()).toBeNull();
    expect(acts).toEqual(["asked", "written", "asked", "asked", "asked", "written"]);
  });

  it("says that the disk is read-only, and tries a failed write again at the next look", async () => {
    const no = (): Promise<void> => Promise.reject(Object.assign(new Error("no"), { code: "EROFS" }));
    let write = no;
    expect(await diskCheck({ requireWritable: no, trialWrite: no }, () => 0)()).toBe("the disk has become read-only");
    const check = diskCheck({ requireWritable: async () => {}, trialWrite: () => write() }, () => 0);
    expect(await check()).toBe("the disk cannot be written");
    write = async () => {};
    expect(await check()).toBeNull();
  });
});

it("asks the store before its disk", async () => {
  let answers = (): Promise<void> => Promise.resolve();
  const check = storeCheck(
    () => answers(),
    async () => "the disk cannot be written",
  );
  expect(await check()).toBe("the disk cannot be written");
  answers = () => Promise.reject(new Error("a flush failed"));
  expect(await check()).toBe("the store does not answer");
});

describe("diskOf", () => {
  it("writes over the same eight bytes, and refuses a folder that is gone", async () => {
    const folder = tempFolder();
    for (let n = 0; n < 3; n += 1) await diskOf(folder).trialWrite();
    expect(statSync(join(folder, "trial.bin")).size).toBe(8);
    await diskOf(folder).requireWritable();
    const gone = diskOf(join(folder, "absent"));
    await expect(gone.requireWritable()).rejects.toMatchObject({ code: "ENOENT" });
    await expect(gone.trialWrite()).rejects.toMatchObject({ code: "ENOENT" });
  });
});
