import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { runToEnd } from "../support/part.ts";
import { repository } from "../support/repository.ts";
import { tempFolder } from "../support/temp.ts";

const guide = readFileSync(join(repository, "docs/safety-map.md"), "utf8");
const typed = [...guide.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, text = ""]) => text.trim().split("\n"));

it("leads from a venue to its colour on the map, by the commands of the guide, and says what is wrong with others", async () => {
  const folder = tempFolder();
  const run = (line: string): ReturnType<typeof runToEnd> => {
    const command = line.replace("bluepost-engine", `"${process.execPath}" dist/engine/main.js`);
    return runToEnd({ program: "/bin/sh", args: ["-c", `${command} -s dataDir='${join(folder, "engine")}'`] });
  };
  const type = async (line: string): Promise<string> => {
    const { code, stdout, stderr } = await run(line);
    expect([line, code, stderr]).toEqual([line, 0, ""]);
    return stdout;
  };
  const [venue = "", add = "", full = "", daily = "", list = "", map = ""] = typed;
  expect(typed).toHaveLength(6);
  await runToEnd({ script: "dist/engine/main.js", args: ["keys", "init", "-s", `dataDir=${join(folder, "engine")}`] });
  await type(venue);
  expect(await type(add)).toContain("It is grey until its first full list");
  expect(await type(list)).toMatch(/7k3m9q2x +Trường THPT An Thới +GREY +the full list was never checked +none +none/);
  expect(await type(full)).toBe("Trường THPT An Thới: GREEN");
  expect(await type(daily)).toBe("Trường THPT An Thới: GREEN");
  expect(await type(`${list} --lang vi`)).toMatch(/ XANH +\S+ \S+ 13\/15, -3 -13 +\S+ \S+ 5\/5$/m);
  expect(JSON.parse(await type(map))).toMatchObject({ features: [{ geometry: { coordinates: [104.0125, 10.0206] } }] });
  expect(await type(daily.replace("--all-passed", "--failed 2 --lang vi"))).toBe(
    "Trường THPT An Thới: ĐỎ (kiểm tra hôm nay có điểm chưa đạt)",
  );
  const lists = await type("bluepost-engine facility lists --lang vi");
  expect(lists).toMatch(/^school-1467: 15 tiêu chí trường học.*\(theo báo chí\)$/m);
  expect(lists).toContain("   4  100% đeo khẩu trang đúng cách (bắt buộc)");

  for (const [wrong, word] of [
    [daily.replace("--all-passed", ""), "--all-passed"],
    [daily.replace("--all-passed", "--failed 7"), "has no item 7"],
    [add.replace("10.0206,104.0125", "Phú-Quốc"), "latitude,longitude"],
    [add.replace("school-1467", "school"), "no such full list"],
  ] as const) {
    const { code, stderr } = await run(wrong);
    expect([wrong, code]).toEqual([wrong, 64]);
    expect(stderr).toContain(word);
  }
});
