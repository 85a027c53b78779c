import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { repository } from "../../support/repository.ts";
import { tempFolder } from "../../support/temp.ts";

const script = join(repository, "hardware/image/bin/update");

/**
 * A machine of shell scripts: a package is a text file `Package Version Architecture Tables`, what is installed stands in a file, and the
 * units are as well as `health` of the installed version says: `1.1` is there when they serve, `1.1.restless` when they do not go on,
 * `1.1.facts` holds what its kiosk says of itself, and `1.1.writes` what it makes of the data of each part.
 */
class Machine {
  readonly root = tempFolder();
  readonly #bin = join(this.root, "bin");

  constructor(parts: readonly string[]) {
    for (const folder of ["bin", "var/lib/bluepost/packages", "etc/bluepost", "health"])
      mkdirSync(join(this.root, folder), { recursive: true });
    this.write("installed", "1.0");
    this.write("since", "1.0");
    this.write("etc/bluepost/update.gpg", "key");
    for (const part of parts) {
      mkdirSync(join(this.root, `var/lib/bluepost/${part}`));
      this.write(`var/lib/bluepost/${part}/ledger`, "rows of 1.0");
      this.write(`enabled-${part}`, "");
    }
    this.deb("var/lib/bluepost/packages/bluepost_1.0.deb", "bluepost 1.0 amd64 0001.sql");
    this.well("1.0");
    this.#program(
      "dpkg",
      `case "$*" in
      --print-architecture) echo amd64 ;;
      --compare-versions*) [ "$2" != "$4" ] && [ "$(printf '%s\\n%s\\n' "$2" "$4" | sort -V | tail -n 1)" = "$2" ] ;;
      *--install*) for deb; do :; done; set -- $(cat "$deb"); [ ! -e "$ROOT/health/$2.broken" ] || exit 1
        echo "$2" > "$ROOT/installed"; [ ! -e "$ROOT/health/$2.writes" ] ||
          for ledger in "$ROOT"/var/lib/bluepost/*/ledger; do cp "$ROOT/health/$2.writes" "$ledger"; done ;;
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
      `version=$(cat "$ROOT/installed"); [ ! -e "$ROOT/health/$version" ] || echo "$version" > "$ROOT/since"
      case "$*" in
      is-enabled*) part=\${2#bluepost-}; [ -e "$ROOT/enabled-\${part%.service}" ] && echo enabled ;;
      *ActiveState*) [ -e "$ROOT/health/$version" ] && echo active || echo failed ;;
      *ActiveEnter*) cat "$ROOT/since" ;;
      *NRestarts*) [ ! -e "$ROOT/health/$version.restless" ] || echo x >> "$ROOT/restarts"; cat "$ROOT/restarts" 2>/dev/null | wc -l ;;
      esac`,
    );
    this.#program("journalctl", `cat "$ROOT/journal" 2>/dev/null || true`);
    this.#program("facts", `cat "$ROOT/health/$(cat "$ROOT/installed").facts"`);
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
    this.write(`health/${version}`, "");
    this.knows(version, facts);
  }

  /** What the kiosk of a version says of itself, whether it serves or not. */
  knows(version: string, facts: string): void {
    this.write(`health/${version}.facts`, facts);
  }

  /** What stands in the data of a part. */
  stored(part = "kiosk"): string {
    return this.read(`var/lib/bluepost/${part}/ledger`);
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

const machine = (...parts: readonly string[]): Machine => new Machine(parts.length > 0 ? parts : ["kiosk"]).quick();

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
    expect(pi.update("--rollback")).toEqual({ code: 0, stderr: expect.stringContaining("version 1.0 is back") });
    expect(pi.read("installed")).toBe("1.0");
  });

  it("does not go back by hand to a version that cannot read what is stored, and says what to do", () => {
    const pi = machine();
    pi.well("1.1");
    pi.write("health/1.1.writes", "tables of 1.1");
    expect(pi.update(pi.deb("bluepost.deb", "bluepost 1.1 amd64 0002.sql")).code).toBe(0);
    const { code, stderr } = pi.update("--rollback");
    expect({ code, stderr }).toEqual({ code: 69, stderr: expect.stringMatching(/cannot read.*call support/i) });
    expect([pi.read("installed"), pi.stored()]).toEqual(["1.1", "tables of 1.1"]);
  });

  it("does not go back by hand when nobody can tell what the installed version stores", () => {
    const pi = machine();
    pi.well("1.1");
    pi.update(pi.deb("bluepost.deb", "bluepost 1.1 amd64 0001.sql"));
    rmSync(join(pi.root, "var/lib/bluepost/packages/bluepost_1.1.deb"));
    expect(pi.update("--rollback")).toEqual({ code: 69, stderr: expect.stringContaining("bluepost_1.1.deb") });
    expect(pi.read("installed")).toBe("1.1");
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
    pi.knows("1.1", "7 0 no");
    expect(pi.update(pi.deb("bluepost.deb", "bluepost 1.1 amd64 0002.sql")).code).toBe(1);
    expect([pi.read("installed"), pi.stored()]).toEqual(["1.0", "rows of 1.0"]);
  });

  it("leaves the data alone when nobody can say what the new version stored", () => {
    const pi = machine();
    pi.write("health/1.1.writes", "a damaged ledger with confirmed rows");
    const { code, stderr } = pi.update(pi.deb("bluepost.deb", "bluepost 1.1 amd64 0002.sql"));
    expect({ code, stderr }).toEqual({ code: 70, stderr: expect.stringContaining("it stays") });
    expect([pi.read("installed"), pi.stored()]).toEqual(["1.1", "a damaged ledger with confirmed rows"]);
    pi.well("1.2");
    expect(pi.update(pi.deb("bluepost.deb", "bluepost 1.2 amd64 0002.sql")).code).toBe(0); // the way out
  });

  it("goes back when the new version says nothing, and has not touched the data", () => {
    const pi = machine();
    expect(pi.update(pi.deb("bluepost.deb", "bluepost 1.1 amd64 0002.sql")).code).toBe(1);
    expect([pi.read("installed"), pi.stored()]).toEqual(["1.0", "rows of 1.0"]);
  });

  it("does not put back a copy that an earlier update left behind", () => {
    const pi = machine();
    mkdirSync(join(pi.root, "var/lib/bluepost/before-update/kiosk"), { recursive: true });
    pi.write("var/lib/bluepost/before-update/kiosk/ledger", "rows of last month");
    expect(pi.update(pi.deb("bluepost.deb", "bluepost 1.1 amd64 0001.sql")).code).toBe(1);
    expect([pi.read("installed"), pi.stored()]).toEqual(["1.0", "rows of 1.0"]);
  });

  it.each(["gateway", "engine"])("puts the data of the %s back when the new version never served", (part) => {
    const pi = machine(part);
    pi.write("health/1.1.writes", "tables of 1.1");
    pi.knows("1.1", "0 ? no");
    expect(pi.update(pi.deb("bluepost.deb", "bluepost 1.1 amd64 0002.sql")).code).toBe(1);
    expect([pi.read("installed"), pi.stored(part)]).toEqual(["1.0", "rows of 1.0"]);
  });

  it.each([
    ["served for a while", (pi: Machine) => pi.well("1.1", "0 ? no")],
    ["served without telling systemd", (pi: Machine) => pi.write("journal", '{"event":"ready","part":"gateway"}\n')],
  ])("stays with the new version on a gateway and an engine where it %s", (_, serve) => {
    for (const part of ["gateway", "engine"]) {
      const pi = machine(part);
      pi.knows("1.0", "0 ? no");
      pi.knows("1.1", "0 ? no");
      pi.write("health/1.1.restless", "");
      pi.write("health/1.1.writes", "tables and cases of 1.1");
      serve(pi);
      const { code, stderr } = pi.update(pi.deb("bluepost.deb", "bluepost 1.1 amd64 0002.sql"));
      expect({ code, stderr }).toEqual({ code: 70, stderr: expect.stringContaining("it stays") });
      expect([pi.read("installed"), pi.stored(part)]).toEqual(["1.1", "tables and cases of 1.1"]);
    }
  });

  it("stays with the new version on a gateway when a power cut hides whether it served", () => {
    const pi = machine("gateway");
    mkdirSync(join(pi.root, "var/lib/bluepost/before-update/gateway"), { recursive: true });
    pi.write("var/lib/bluepost/before-update/gateway/ledger", "rows of 1.0");
    pi.write("var/lib/bluepost/gateway/ledger", "tables and rows of 1.1");
    pi.deb("var/lib/bluepost/packages/candidate.deb", "bluepost 1.1 amd64 0002.sql");
    pi.write("var/lib/bluepost/update-pending", "1.0 1.1 0\n");
    pi.write("installed", "1.1");
    expect([pi.update("--resume").code, pi.stored("gateway")]).toEqual([70, "tables and rows of 1.1"]);
  });

  it("stays with the new version rather than lose rows that only it can read", () => {
    const pi = machine();
    pi.write("health/1.1.writes", "tables and rows of 1.1");
    pi.well("1.1", "8 1 no");
    const { code, stderr } = pi.update(pi.deb("bluepost.deb", "bluepost 1.1 amd64 0002.sql"));
    expect({ code, stderr }).toEqual({ code: 70, stderr: expect.stringContaining("it stays") });
    expect([pi.read("installed"), pi.stored()]).toEqual(["1.1", "tables and rows of 1.1"]);
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
