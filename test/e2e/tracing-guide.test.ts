import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { utf8 } from "../../protocol/bytes.ts";
import { HOUR_MS, MINUTE_MS } from "../../protocol/units.ts";
import type { VirtualKiosk } from "../../sim/site/virtual-kiosk.ts";
import { runToEnd } from "../support/part.ts";
import { repository } from "../support/repository.ts";
import { tempFolder } from "../support/temp.ts";
import { openVirtualWorld } from "../support/virtual-world.ts";

const guide = readFileSync(join(repository, "docs/tracing.md"), "utf8");
const typed = [...guide.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, text = ""]) => text.trim().split("\n"));
const [CASE, CONTACT, LATER] = ["091090000001", "091090000002", "091090000003"];

/** A morning at one door: the case, somebody for half an hour of it, and somebody who comes as the case leaves. */
async function morning(folder: string): Promise<void> {
  const world = await openVirtualWorld(folder);
  const scan = (id: string): Promise<unknown> =>
    (world.site.kiosks[0] as VirtualKiosk).scan(utf8(`${id}||Nguyễn Văn Bé|01011990|Nam|1 Trần Phú|15042021`));
  await scan(CASE);
  await world.wait(20 * MINUTE_MS);
  await scan(CONTACT);
  await world.wait(30 * MINUTE_MS);
  await scan(CASE);
  await world.wait(5 * MINUTE_MS);
  await scan(LATER);
  await scan(CONTACT);
  await world.wait(HOUR_MS);
  await world.engine.settle();
  await world.close();
  await world.engine.close();
}

it("leads a health officer from a document to the people who were there, by the commands of the guide", async () => {
  const folder = tempFolder();
  await morning(folder);
  let caseNumber = "";
  let person = "";
  /** Types a line of the guide as it stands, and what it asks for. */
  const type = async (line: string, input = ""): Promise<string> => {
    const settings = `-s dataDir='${join(folder, "engine")}'`;
    const command = line.replace("bluepost-engine", `"${process.execPath}" dist/engine/main.js`);
    const { code, stdout, stderr } = await runToEnd({
      program: "/bin/sh",
      args: ["-c", `printf '%s' "$TYPED" | ${command} ${settings}`],
      env: { CASE: caseNumber, PERSON: person, TYPED: input },
    });
    expect([line, code, stderr]).toEqual([line, 0, ""]);
    return stdout;
  };
  expect(typed.map((line) => line.split(" ").slice(1, 3).join(" "))).toEqual([
    "venues add",
    "visits --scheme",
    "case add",
    "case list",
    'trace "$CASE"',
    "case told",
    "vault open",
    "vault log",
    "case key-code",
    "case publish",
    "erase --scheme",
  ]);
  const [venue = "", visits = "", add = "", list = "", trace = "", ...rest] = typed;
  const [told = "", open = "", log = "", code = "", publish = "", erase = ""] = rest;

  await type(venue);
  expect(await type(visits, `${CASE}\n`)).toContain("Chợ Dương Đông");
  caseNumber = (await type(add, `${CASE}\n`)).trim();
  expect(await type(list)).toContain(caseNumber);
  const found = await type(trace);
  expect(found).toMatch(/Stays beside the case: 1\n/);
  expect(found).toMatch(/Chợ Dương Đông .* 29\.\d +30\.\d /);
  expect(found).toMatch(/ possible +11042 a, b, c, d +within 2 m\?, one closed room\?, touched\?, cared for\?/);
  expect(found).toMatch(/^11042: Letter 11042.*\(as reported\)\n {2}a {2}direct body contact/m);
  person = (JSON.parse(await type(`${trace} --json`)) as { persons: { person: string }[] }).persons[0]?.person ?? "";
  expect(await type(told)).toMatch(/^\S+… +CLOSE CONTACT$/);
  expect(await type(`${trace} --lang vi`)).toMatch(/ TIẾP XÚC GẦN +11042 c\b/);
  const passphrase = readFileSync(join(folder, "engine/keys/vault.passphrase"), "utf8");
  const opened = await type(open, passphrase);
  expect(opened).toMatch(/^\S+… +Nguyễn Văn Bé /m);
  expect(opened).toContain("opening 1 on record");
  expect(await type(log)).toMatch(/^ +1 .* 1 +call the contacts of the market$/m);
  expect(await type(code)).toContain("good once");
  await type(publish);
  expect(await type(erase, `${CONTACT}\n`)).toContain("2 rows erased");
  expect(await type(trace)).toMatch(/Stays beside the case: 0\n|Stays beside the case: none/);
});
