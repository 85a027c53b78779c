import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { loadEngineConfig } from "../../../engine/config.ts";
import { loadGatewayConfig } from "../../../gateway/config.ts";
import { loadKioskConfig } from "../../../kiosk/config.ts";
import { settingsFile } from "../../../runtime/cli/frame.ts";
import { repository } from "../../support/repository.ts";
import { readSources, type Source } from "../../support/sources.ts";
import { tempFolder } from "../../support/temp.ts";

const run = promisify(execFile);
const UNITS = "hardware/image/systemd";
/** What runs for long; bluepost-update-resume is a moment of dpkg, as root. */
const services = readdirSync(join(repository, UNITS)).filter((name) => name !== "bluepost-update-resume.service");
const NO_ANALYZE = ["/usr/bin/systemd-analyze", "/bin/systemd-analyze"].some(existsSync)
  ? ""
  : " skipped: systemd-analyze is missing (Debian: apt-get install systemd)";
const source = (path: string): Source => readSources([path])[0] as Source;

describe(`the units${NO_ANALYZE}`, () => {
  it.skipIf(NO_ANALYZE).each(services)("%s: exposure is 3 or less", async (name) => {
    const unit = join(repository, UNITS, name);
    const args = ["security", "--offline=true", "--no-pager", "--threshold=30", unit];
    const { stdout } = await run("systemd-analyze", args); // rejects above the threshold
    const exposure = /Overall exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1];
    expect(Number(exposure)).toBeLessThanOrEqual(3);
  });
});

describe("the units", () => {
  it.each(services.filter((name) => name !== "bluepost-screen.service"))(
    "%s is watched, and lets systemd-notify speak",
    (name) => {
      const { text } = source(`${UNITS}/${name}`);
      for (const line of ["Type=notify", "NotifyAccess=all", "RestartPreventExitStatus=78", "LimitCORE=0"])
        expect(text).toMatch(new RegExp(`^${line}$`, "m"));
      expect(Number(/^WatchdogSec=(\d+)$/m.exec(text)?.[1])).toBeGreaterThanOrEqual(30);
    },
  );

  it("give a part only users, groups and folders that the package makes", () => {
    const users = source("hardware/image/sysusers/bluepost.conf").text;
    for (const { text } of services.map((name) => source(`${UNITS}/${name}`))) {
      const user = /^User=(\S+)$/m.exec(text)?.[1] as string;
      expect(users).toMatch(new RegExp(`^u ${user}\\s`, "m"));
      expect(/^SupplementaryGroups=(.*)$/m.exec(text)?.[1]?.split(" ") ?? []).toSatisfy((groups: readonly string[]) =>
        groups.every((group) => ["dialout", "gpio", "video", "render"].includes(group)),
      );
    }
    expect(users).toMatch(/^g gpio\s/m);
  });
});

describe("the settings that are installed", () => {
  const file = (part: string): string => join(repository, `hardware/image/etc/${part}.toml`);

  it("are right as they are, and with every line of them switched on", () => {
    for (const [part, load] of [
      ["kiosk", loadKioskConfig],
      ["gateway", loadGatewayConfig],
      ["engine", loadEngineConfig],
    ] as const) {
      expect(load({ file: file(part), env: {} })).toBeDefined();
      const lines = [...source(`hardware/image/etc/${part}.toml`).text.matchAll(/^# (\[\w+\]|\w+ = .*)$/gm)];
      let section = "";
      for (const [, line = ""] of lines) {
        if (line.startsWith("[")) section = line.slice(1, -1);
        const [key, value = ""] = line.split(" = ");
        const flag = `${section}.${key}=${value.replace(/\s*#.*/, "").replaceAll('"', "")}`;
        if (value) expect(() => load({ file: file(part), env: {}, flags: [flag] })).not.toThrow();
      }
      expect(lines.length).toBeGreaterThan(1);
    }
  });

  it("are what a technician's command looks at, unless another file is named", () => {
    const env = { BLUEPOST_CONFIG_DIR: join(repository, "hardware/image/etc") };
    expect(settingsFile("kiosk", undefined, env)).toBe(file("kiosk"));
    expect(settingsFile("kiosk", "own.toml", env)).toBe("own.toml");
    expect(settingsFile("kiosk", undefined, { BLUEPOST_CONFIG_DIR: tempFolder() })).toBeUndefined();
    expect(settingsFile("kiosk", undefined, {})).toBeUndefined();
  });
});
