import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { repository } from "../../support/repository.ts";
import { tempFolder } from "../../support/temp.ts";

const script = join(repository, "hardware/image/bin/update");

/**
 * A machine of shell scripts: a package is a text file `Package Version Architecture Tables`, what is installed stands in a file, and the
 * units are as well as `health` of the installed version says.
 */
class Machine {
  readonly root = tempFolder();
  readonly #bin = join(this.root, "bin");

  constructor() {
    for (const folder of ["bin", "var/lib/bluepost/packages", "var/lib/bluepost/kiosk", "etc/bluepost", "health"])
      mkdirSync(join(this.root, folder), { recursive: true });
    this.write("installed", "1.0");
    this.write("etc/bluepost/update.gpg", "key");
    this.write("var/lib/bluepost/kiosk/ledger", "rows of 1.0");
    this.deb("var/lib/bluepost/packages/bluepost_1.0.deb", "bluepost 1.0 amd64 0001.sql");
    this.well("1.0");
    this.#program(
      "dpkg",
      `case "$*" in
      --print-architecture) echo amd64 ;;
      --compare-versions*) [ "$2" != "$4" ] && [ "$(printf '%s\\n%s\\n' "$2" "$4" | sort -V | tail -n 1)" = "$2" ] ;;
      *--install*) for deb; do :; done; set -- $(cat "$deb"); [ ! -e "$ROOT/health/$2.broken" ] || exit 1
        echo "$2" > "$ROOT/installed"; [ ! -e "$ROOT/health/$2.writes" ] || cp "$ROOT/health/$2.writes" "$ROOT/var/lib/bluepost/kiosk/ledger" ;;
      esac`,
    );
    this.#program("dpkg-query", `cat "$ROOT/installed"`);
    this.#program(
      "dpkg-deb",
      `case "$1" in
      -f) set -- "$3" $(cat "$2"); case "$1" in Package) echo "$2" ;; Version) echo "$3" ;; Architecture) echo "$4" ;; esac ;;
      --fsys-tarfile) set -- $(cat "$2"); echo "usr/kiosk/migrations/$4" ;; esac`,
    );
    this.#program("tar", "cat");
    this.#program("gpgv", `grep -q good "$4"`);
    this.#program(
      "systemctl",
      `version=$(cat "$ROOT/installed"); case "$*" in
      is-enabled*kiosk*) echo enabled ;;
      *ActiveState*) [ -e "$ROOT/health/$version" ] && echo active || echo failed ;;
      *NRestarts*) echo 0 ;; esac`,
    );
    this.#program("facts", `cat "$ROOT/health/$(cat "$ROOT/installed")"`);
  }

  write(path: string, text: string): void {
    writeFileSync(join(this.root, path), text);
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), "utf8").trim();
  }

  /** Lays a package down, with a signature that is good or not. */
  deb(path: string, text: string, signature = "good"): string {
    this.write(path, text);
    this.write(`${path}.asc`, signature);
    return join(this.root, path);
  }

  /** Makes a version healthy, with these facts of its kiosk. */
  well(version: string, facts = "7 0 yes"): void {
    this.write(`health/${version}`, facts);
  }

  update(...args: readonly string[]): { code: number | null; stderr: string } {
    const { status, stderr } = spawnSync("sh", [script, ...args], {
      encoding: "utf8",
      env: {
        PATH: `${this.#bin}:/usr/bin:/bin`,
        ROOT: this.root,
        BLUEPOST_UPDATE_ROOT: this.root,
        BLUEPOST_UPDATE_FACTS: join(this.#bin, "facts"),
        BLUEPOST_UPDATE_MINUTES: "1",
        BLUEPOST_UPDATE_STEADY_S: "60",
        BLUEPOST_UPDATE_PAUSE_S: "20",
      },
    });
    return { code: status, stderr };
  }

  #program(name: string, text: string): void {
    this.write(`bin/${name}`, `#!/bin/sh\n${text}\n`);
    chmodSync(join(this.#bin, name), 0o755);
  }

  /** Sleeps that end at once: three looks of twenty seconds are the minute. */
  quick(): this {
    this.#program("sleep", "exit 0");
    return this;
  }
}

const machine = (): Machine => new Machine().quick();

describe("bluepost-update", () => {
  it("keeps a version that is healthy and acknowledged, and its package for the way back", () => {
    const pi = machine();
    pi.well("1.1");
    const { code, stderr } = pi.update(pi.deb("bluepost.deb", "bluepost 1.1 amd64 0001.sql"));
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining("version 1.1 does its job") });
    expect([pi.read("installed"), existsSync(join(pi.root, "var/lib/bluepost/update-pending"))]).toEqual([
      "1.1",
      false,
    ]);
    expect(existsSync(join(pi.root, "var/lib/bluepost/packages/bluepost_1.1.deb"))).toBe(true);
    expect(pi.update("--rollback").code).toBe(1);
    expect(pi.read("installed")).toBe("1.0");
  });

  it.each([
    ["does not run", null],
    ["runs, but does not reach the gateway", "7 0 no"],
    ["runs, but its rows do not arrive", "9 2 yes"],
  ])("goes back from a version that %s", (_, facts) => {
    const pi = machine();
    if (facts) pi.well("1.1", facts);
    const { code, stderr } = pi.update(pi.deb("bluepost.deb", "bluepost 1.1 amd64 0001.sql"));
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("version 1.0 is back") });
    expect(pi.read("installed")).toBe("1.0");
  });

  it("goes back from a version that cannot be installed", () => {
    const pi = machine();
    pi.write("health/1.1.broken", "");
    expect(pi.update(pi.deb("bluepost.deb", "bluepost 1.1 amd64 0001.sql")).code).toBe(1);
    expect(pi.read("installed")).toBe("1.0");
  });

  it("puts the data back too when the new version changed its tables and stored nothing", () => {
    const pi = machine();
    pi.write("health/1.1.writes", "tables of 1.1");
    expect(pi.update(pi.deb("bluepost.deb", "bluepost 1.1 amd64 0002.sql")).code).toBe(1);
    expect([pi.read("installed"), pi.read("var/lib/bluepost/kiosk/ledger")]).toEqual(["1.0", "rows of 1.0"]);
  });

  it("stays with the new version rather than lose rows that only it can read", () => {
    const pi = machine();
    pi.write("health/1.1.writes", "tables and rows of 1.1");
    pi.well("1.1", "8 1 no");
    const { code, stderr } = pi.update(pi.deb("bluepost.deb", "bluepost 1.1 amd64 0002.sql"));
    expect({ code, stderr }).toEqual({ code: 70, stderr: expect.stringContaining("it stays") });
    expect([pi.read("installed"), pi.read("var/lib/bluepost/kiosk/ledger")]).toEqual(["1.1", "tables and rows of 1.1"]);
  });

  it("brings an update that a power cut interrupted to its end", () => {
    const pi = machine();
    pi.deb("var/lib/bluepost/packages/candidate.deb", "bluepost 1.1 amd64 0001.sql");
    pi.write("var/lib/bluepost/update-pending", "1.0 1.1 7\n");
    pi.well("1.1");
    expect([pi.update("--resume").code, pi.read("installed")]).toEqual([0, "1.1"]);
    expect(pi.update("--resume").stderr).toContain("nothing was interrupted");
  });

  it.each([
    ["has no signature", 77, (pi: Machine) => rmSync(join(pi.root, "bluepost.deb.asc")), "bluepost 1.1 amd64 0001.sql"],
    [
      "is signed by somebody else",
      77,
      (pi: Machine) => pi.write("bluepost.deb.asc", "bad"),
      "bluepost 1.1 amd64 0001.sql",
    ],
    ["is for another processor", 64, () => {}, "bluepost 1.1 arm64 0001.sql"],
    ["is another package", 64, () => {}, "toaster 1.1 amd64 0001.sql"],
    ["is older", 64, () => {}, "bluepost 0.9 amd64 0001.sql"],
    [
      "comes without a key to check it by",
      78,
      (pi: Machine) => rmSync(join(pi.root, "etc/bluepost/update.gpg")),
      "bluepost 1.1 amd64 0001.sql",
    ],
    [
      "leaves no way back",
      69,
      (pi: Machine) => rmSync(join(pi.root, "var/lib/bluepost/packages/bluepost_1.0.deb")),
      "bluepost 1.1 amd64 0001.sql",
    ],
  ])("changes nothing for a package that %s", (_, code, spoil, text) => {
    const pi = machine();
    const file = pi.deb("bluepost.deb", text);
    spoil(pi);
    expect(pi.update(file).code).toBe(code);
    expect(pi.read("installed")).toBe("1.0");
  });

  it("says how it is used", () => {
    expect(machine().update()).toEqual({ code: 64, stderr: expect.stringContaining("Usage:") });
  });
});
