import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { startPart, tempFolder } from "../../support/processes.ts";
import { repository } from "../../support/repository.ts";

const IS_ROOT = process.getuid?.() === 0;
const NO_USER =
  IS_ROOT && spawnSync("setpriv", ["--version"]).status !== 0
    ? " skipped: setpriv is missing (Debian: apt-get install util-linux)"
    : "";
/** Nobody's number; root may read everything, so that another user must ask. */
const AS_ANOTHER = IS_ROOT ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : [];

describe(`a kiosk whose folder belongs to another user${NO_USER}`, () => {
  let folder = "";

  beforeEach(() => {
    folder = tempFolder();
    chmodSync(folder, 0o755);
    for (const name of ["bundle", "ledger"]) mkdirSync(join(folder, "kiosk", name), { recursive: true });
    writeFileSync(join(folder, "kiosk/bundle/device.json"), "{}");
    writeFileSync(join(folder, "kiosk/ledger/ledger.db"), "");
    close(join(folder, "kiosk"));
  });

  /** As the package makes it: its owner's alone. Whoever is no root loses it himself, until the test ends. */
  function close(path: string, later = path): void {
    chmodSync(path, IS_ROOT ? 0o700 : 0);
    onTestFinished(() => chmodSync(later, 0o700));
  }

  function line(command: string, dataDir: string, ...settings: readonly string[]): readonly string[] {
    const main = join(repository, "dist/kiosk/main.js");
    const flags = ["--set", `dataDir=${dataDir}`, "indicator.kind=none", ...settings];
    return [...AS_ANOTHER, process.execPath, main, ...command.split(" "), ...flags];
  }

  function kiosk(command: string): { readonly code: number | null; readonly text: string } {
    const [program = "", ...args] = line(command, join(folder, "kiosk"));
    const { status, stdout, stderr } = spawnSync(program, args, {
      encoding: "utf8",
      env: { PATH: "/usr/bin:/bin" },
      timeout: 20_000,
    });
    return { code: status, text: stdout + stderr };
  }

  it.skipIf(NO_USER).each(["status", "outbox ls", "provision BPS:0", "start"])(
    "says so when asked for `%s`, and not that nothing is there",
    (command) => {
      expect(kiosk(command)).toEqual({ code: 69, text: expect.stringMatching(/KIOSK_NOT_PERMITTED: .*sudo/) });
    },
  );

  it.skipIf(NO_USER)("gets no advice from `doctor` to throw its papers away", () => {
    const { code, text } = kiosk("doctor");
    expect({ code, text }).toEqual({ code: 1, text: expect.stringMatching(/^BAD {2}bundle .*sudo/m) });
    expect(text).toMatch(/^BAD {2}ledger .*sudo/m);
    expect(text).not.toContain("is missing");
    expect(text).not.toContain("Move its folder away");
  });

  it.skipIf(NO_USER)("is not taken for one without papers when only they are another's", () => {
    chmodSync(join(folder, "kiosk"), 0o755);
    close(join(folder, "kiosk/bundle"));
    expect(kiosk("start")).toEqual({ code: 69, text: expect.stringContaining("KIOSK_NOT_PERMITTED") });
  });

  it.skipIf(NO_USER)("ends its set-up when such papers appear, instead of waiting for a code", async () => {
    const own = join(folder, "own");
    mkdirSync(own);
    if (IS_ROOT) chownSync(own, 65_534, 65_534);
    const [program = "", ...args] = line("start", own, "screen.port=0");
    const part = startPart({ program, args });
    await part.whenReady();
    mkdirSync(join(own, "bundle.new"));
    writeFileSync(join(own, "bundle.new/device.json"), "{}");
    close(join(own, "bundle.new"), join(own, "bundle"));
    renameSync(join(own, "bundle.new"), join(own, "bundle"));
    expect(await part.exited).toEqual({ code: 69, signal: null });
    expect(part.errorLines.join("\n")).toContain("KIOSK_NOT_PERMITTED");
  });
});
