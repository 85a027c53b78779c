import { createContext, runInContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { readSources } from "../../support/sources.ts";

type Rule = (
  action: { readonly id: string; lookup(name: string): string },
  subject: { readonly user: string },
) => string | undefined;

const rules: Rule[] = [];
const polkit = { Result: { YES: "yes" }, addRule: (rule: Rule) => rules.push(rule) };
runInContext(readSources(["hardware/image/polkit/60-bluepost.rules"])[0]?.text ?? "", createContext({ polkit }));

/** polkit asks its rules in turn until one answers. */
function asks(user: string, id: string, details: Readonly<Record<string, string>> = {}): string | undefined {
  return rules
    .map((rule) => rule({ id, lookup: (name) => details[name] ?? "" }, { user }))
    .find((answer) => answer !== undefined);
}

const CLOCK = "bluepost-set-clock@1764000000123.service";
const UNITS = "org.freedesktop.systemd1.manage-units";

describe("the polkit rules", () => {
  it("let the kiosk set up Wi-Fi, restart the machine, and start its clock helper", () => {
    expect(asks("bluepost-kiosk", "org.freedesktop.NetworkManager.settings.modify.system")).toBe("yes");
    expect(asks("bluepost-kiosk", "org.freedesktop.login1.reboot")).toBe("yes");
    expect(asks("bluepost-kiosk", UNITS, { unit: CLOCK, verb: "start" })).toBe("yes");
  });

  it("let nobody else do any of it, and the kiosk nothing more", () => {
    for (const user of ["bluepost-gateway", "bluepost-screen", "pi"]) {
      expect(asks(user, "org.freedesktop.login1.reboot")).toBeUndefined();
      expect(asks(user, UNITS, { unit: CLOCK, verb: "start" })).toBeUndefined();
    }
    expect(asks("bluepost-kiosk", "org.freedesktop.login1.power-off")).toBeUndefined();
    expect(asks("bluepost-kiosk", "org.freedesktop.timedate1.set-time")).toBeUndefined();
    for (const unit of [
      "ssh.service",
      "bluepost-set-clock@1.service",
      `${CLOCK}.evil.service`,
      "bluepost-engine.service",
    ])
      expect(asks("bluepost-kiosk", UNITS, { unit, verb: "start" })).toBeUndefined();
    for (const verb of ["stop", "restart", ""])
      expect(asks("bluepost-kiosk", UNITS, { unit: CLOCK, verb })).toBeUndefined();
  });
});
