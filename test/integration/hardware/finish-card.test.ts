import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { repository } from "../../support/repository.ts";
import { tempFolder } from "../../support/temp.ts";

/** A card at the end of its first start; `isMounted` says whether the ledger's partition is there. */
class Card {
  readonly root = tempFolder();
  isMounted = false;

  constructor() {
    for (const folder of ["bin", "dev", "var/lib/bluepost"]) mkdirSync(join(this.root, folder), { recursive: true });
    this.#program("mountpoint", '[ "$2" = "$BLUEPOST_ROOT/var/lib/bluepost" ] && [ -n "$MOUNTED" ]');
    this.#program("raspi-config", 'echo "$@" > "$BLUEPOST_ROOT/raspi-config.asked"');
    this.#program("systemctl", "exit 0");
  }

  finish(...args: readonly string[]): number | null {
    const env = {
      PATH: `${join(this.root, "bin")}:/usr/bin:/bin`,
      BLUEPOST_ROOT: this.root,
      MOUNTED: this.isMounted ? "yes" : "",
    };
    return spawnSync("sh", [join(repository, "hardware/image/bin/finish-card"), ...args], { env }).status;
  }

  /** Text of a file, or null. */
  read(path: string): string | null {
    const file = join(this.root, path);
    return existsSync(file) ? readFileSync(file, "utf8").trim() : null;
  }

  #program(name: string, text: string): void {
    writeFileSync(join(this.root, "bin", name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  }
}

describe("the last step of a card's first start", () => {
  it("makes the system read-only when the ledger has its partition, and only when that was asked for", () => {
    const card = new Card();
    card.isMounted = true;
    expect([card.finish(), card.read("raspi-config.asked")]).toEqual([0, null]);
    expect([card.finish("--read-only"), card.read("raspi-config.asked")]).toEqual([0, "nonint do_overlayfs 0"]);
  });

  it("leaves the system as it is without the partition, and says so at the console, before and after the log-in", () => {
    const card = new Card();
    expect([card.finish("--read-only"), card.read("raspi-config.asked")]).toEqual([69, null]);
    for (const place of ["dev/console", "etc/issue.d/bluepost.issue", "etc/motd.d/bluepost"])
      expect(card.read(place)).toMatch(/does not start.*\n[\s\S]*finish-card --read-only/);
    card.isMounted = true;
    expect(card.finish("--read-only")).toBe(0);
    for (const place of ["etc/issue.d/bluepost.issue", "etc/motd.d/bluepost"]) expect(card.read(place)).toBeNull();
  });
});
