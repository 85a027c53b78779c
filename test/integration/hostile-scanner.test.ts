import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRng } from "../../sim/rng.ts";
import { type ProcessDoor, ProcessSite } from "../../sim/site/process-site.ts";
import { noPtys } from "../support/ptys.ts";
import { ScreenWatch } from "../support/screen-watch.ts";
import { waitFor } from "../support/wait-for.ts";

const CARD = (n: number): string =>
  `091090${String(n).padStart(6, "0")}||Nguyễn Văn Bé|01011990|Nam|1 Trần Phú|15042021`;

describe.skipIf(noPtys !== "")(`a hostile scanner ${noPtys}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "bluepost-hostile-"));
  const lines: string[] = [];
  let site: ProcessSite;
  let door: ProcessDoor;
  let screen: ScreenWatch;
  let valid = 0;

  beforeAll(async () => {
    site = await ProcessSite.open({
      folder,
      site: "school-1",
      doors: [{ device: "door-1", venue: "7k3m9q2x", name: "Cổng trường" }],
      log: (part, line) => lines.push(`${part} ${line}`),
    });
    door = site.doors[0] as ProcessDoor;
    screen = new ScreenWatch(door.screen);
    await screen.open();
    await waitFor(() => screen.hasScanner(), { timeoutMs: 20_000, what: "the scanner" });
  });

  afterAll(async () => {
    await screen?.close();
    await site?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Shows a valid card and waits until it is checked in. */
  const nextScanWorks = async (): Promise<void> => {
    valid += 1;
    await door.scanner.present(CARD(valid));
    const tail = String(valid).padStart(6, "0");
    await waitFor(() => screen.accepted.has(tail), { timeoutMs: 20_000, what: "the next valid card" });
  };

  /** Waits until no more answers come: the next visitor is a person, not a machine gun. */
  const silence = async (): Promise<void> => {
    let last = -1;
    const still = (): boolean => {
      const same = screen.count === last;
      last = screen.count;
      return same;
    };
    await waitFor(still, { timeoutMs: 10_000, everyMs: 150, what: "silence" });
  };

  const rng = createRng("hostile");
  const passport = `HC1:${"6BF".repeat(900)}`;
  it.each<readonly [string, readonly (string | Uint8Array)[]]>([
    ["oversize symbols", ["x".repeat(8_000), "1".repeat(7_090), "A".repeat(2_954)]],
    [
      "binary noise",
      Array.from({ length: 20 }, () => rng.bytes(300).map((byte) => (byte === 13 || byte === 10 ? 1 : byte))),
    ],
    [
      "half codes",
      [CARD(999_999).slice(0, 20), "HC1:", "BP1:", "NZCOVIDTRACER:", "001090", "||||||", "|".repeat(2_000)],
    ],
    [
      "look-alike prefixes",
      ["HC2:ABC", "hc1:abc", "BP1ABC", "NZCOVIDTRACERX:e30=", "https://tokhaiyte.vn.evil.example/"],
    ],
    ["passports that are none", [passport, "HC1:NCF", "HC1:::::", `HC1:${":".repeat(2_000)}`]],
    ["another charset", [Uint8Array.from([0x4e, 0x67, 0x75, 0x79, 0xec, 0x6e, 0x7c, 0xff, 0xfe])]],
    ["terminal escapes", ["\u001b[2J\u001b[H", "001090123456\u0000\u0007"]],
  ])("%s cost nothing: the next scan works", async (_, codes) => {
    const seen = screen.count;
    for (const code of codes) await door.scanner.present(code);
    await waitFor(() => screen.count > seen, { timeoutMs: 10_000, what: "an answer to the nonsense" });
    await silence();
    await nextScanWorks();
  });

  it("answers the next visitor after a thousand codes in a few seconds, and no process has died", async () => {
    const pids = site.parts.map(({ pid }) => pid);
    for (let i = 0; i < 1_000; i += 1) await door.scanner.present(`nothing ${i}`);
    await nextScanWorks();
    expect(site.parts.map(({ pid }) => pid)).toEqual(pids);
  });

  it("counts what it refused, and logs none of it", () => {
    const text = lines.join("\n");
    expect(text).not.toContain("091090");
    expect(text).not.toContain("Nguy");
    expect(text).not.toContain("nothing 1");
    expect(text).not.toContain("NCF");
  });
});
