import { execFile, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
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
const all = readdirSync(join(repository, UNITS)).filter((name) => name.endsWith(".service"));
/** Moments of dpkg and of enrolment, as root. */
const MOMENTS = ["bluepost-update-resume.service", "bluepost-seed.service"];
const services = all.filter((name) => !MOMENTS.includes(name) && !name.includes("@"));
const NO_ANALYZE = ["/usr/bin/systemd-analyze", "/bin/systemd-analyze"].some(existsSync)
  ? ""
  : " skipped: systemd-analyze is missing (Debian: apt-get install systemd)";
const source = (path: string): Source => readSources([path])[0] as Source;

describe(`the units${NO_ANALYZE}`, () => {
  it.skipIf(NO_ANALYZE).each(all.filter((name) => !MOMENTS.includes(name)))(
    "%s: exposure is 3 or less",
    async (name) => {
      const unit = join(repository, UNITS, name);
      const args = ["security", "--offline=true", "--no-pager", "--threshold=30", unit];
      const { stdout } = await run("systemd-analyze", args); // rejects above the threshold
      const exposure = /Overall exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1];
      expect(Number(exposure)).toBeLessThanOrEqual(3);
    },
  );
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
        groups.every((group) => ["dialout", "gpio", "video", "render", "audio"].includes(group)),
      );
    }
    expect(users).toMatch(/^g gpio\s/m);
  });

  it("let the screen's browser draw, be touched and be heard", () => {
    const { text } = source(`${UNITS}/bluepost-screen.service`);
    const devices = [...text.matchAll(/^DeviceAllow=char-(\w+) rw$/gm)].map(([, name]) => name);
    expect(devices).toEqual(["drm", "input", "alsa"]);
    expect(/^SupplementaryGroups=(.*)$/m.exec(text)?.[1]?.split(" ")).toEqual(["video", "render", "audio"]);
  });
});

describe("the clock's helper", () => {
  const setClock = (argument: string) => {
    const folder = tempFolder();
    writeFileSync(join(folder, "date"), '#!/bin/sh\necho "$@" > "$0.asked"\n', { mode: 0o755 });
    writeFileSync(join(folder, "made"), "");
    utimesSync(join(folder, "made"), 1_700_000_000, 1_700_000_000);
    const { status } = spawnSync("sh", [join(repository, "hardware/image/bin/set-clock"), argument], {
      env: { PATH: `${folder}:/usr/bin:/bin`, BLUEPOST_MADE: join(folder, "made") },
    });
    const asked = join(folder, "date.asked");
    return { status, asked: existsSync(asked) ? readFileSync(asked, "utf8").trim() : null };
  };

  it("sets milliseconds, and refuses a time from before its package was made and anything that is no time", () => {
    expect(setClock("1764000000123")).toEqual({ status: 0, asked: "-s @1764000000.123" });
    expect(setClock("1699999999999")).toEqual({ status: 77, asked: null });
    for (const wrong of ["", "now", "1764000000", "17640000001234", "-764000000123", "1764000000123; reboot"])
      expect(setClock(wrong)).toEqual({ status: 64, asked: null });
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
      const { text } = source(`hardware/image/etc/${part}.toml`);
      const on = text.replaceAll(/^# (?=\[\w+\]$|\w+ = )/gm, "");
      expect(on).not.toBe(text);
      const switched = join(tempFolder(), `${part}.toml`);
      writeFileSync(switched, on);
      expect(() => load({ file: switched, env: {} })).not.toThrow();
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
