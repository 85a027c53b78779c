import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { repository } from "../../support/repository.ts";
import { tempFolder } from "../../support/temp.ts";

const NO_ROOT =
  process.getuid?.() !== 0
    ? " skipped: needs root"
    : spawnSync("setpriv", ["--version"]).status !== 0
      ? " skipped: setpriv is missing (Debian: apt-get install util-linux)"
      : "";
const KIOSK = 65_534;

/** The programs of the package, with a Node that says who it is and writes where it is told. */
describe("the installed commands", () => {
  let home = "";

  beforeEach(() => {
    home = tempFolder();
    chmodSync(home, 0o755);
    for (const folder of ["bin", "path"]) mkdirSync(join(home, folder));
    copyFileSync(join(repository, "hardware/image/bin/command"), join(home, "bin/command"));
    chmodSync(join(home, "bin/command"), 0o755);
    program("bin/node", 'echo "$(id -u) $BLUEPOST_CONFIG_DIR $*"; [ -z "$OUT" ] || echo written > "$OUT"');
    for (const part of ["kiosk", "gateway"]) symlinkSync("../bin/command", join(home, `path/bluepost-${part}`));
  });

  const program = (path: string, text: string): void =>
    writeFileSync(join(home, path), `#!/bin/sh\n${text}\n`, { mode: 0o755 });

  /** Makes the user of the kiosk known, and no other. */
  function knowKiosk(): void {
    program("path/id", `case "$2" in "") exec /usr/bin/id "$@" ;; bluepost-kiosk) echo ${KIOSK} ;; *) exit 1 ;; esac`);
  }

  const type = (part: string, out?: string): string =>
    spawnSync(join(home, `path/bluepost-${part}`), ["status", "--json"], {
      encoding: "utf8",
      env: { PATH: `${home}/path:/usr/bin:/bin`, ...(out && { OUT: out }) },
    }).stdout.trim();

  it("start the part that their name says, with the settings of this machine", () => {
    expect(type("gateway")).toBe(
      `${process.getuid?.()} /etc/bluepost ${join(home, "dist/gateway/main.js")} status --json`,
    );
  });

  it.skipIf(NO_ROOT)(`are the part's own user when root types them${NO_ROOT}`, () => {
    knowKiosk();
    expect(type("kiosk")).toMatch(new RegExp(`^${KIOSK} `));
    expect(type("gateway")).toMatch(/^0 /); // not installed here: nobody to become
  });

  it.skipIf(NO_ROOT)(`write wherever root may, as that user's${NO_ROOT}`, () => {
    knowKiosk();
    const stick = join(home, "stick");
    mkdirSync(stick, { mode: 0o700 });
    type("kiosk", join(stick, "rows"));
    expect(statSync(join(stick, "rows"))).toMatchObject({ uid: KIOSK, gid: KIOSK });
  });
});
