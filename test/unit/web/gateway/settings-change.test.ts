import { describe, expect, it } from "vitest";
import type { FleetKiosk } from "../../../../protocol/http/fleet-view.ts";
import { settingsPatch, shownSettings } from "../../../../web/gateway/settings-change.ts";

type Settings = FleetKiosk["settings"];

const NUMBERS = ["capacity", "volume"];
const IN_FORCE = { profile: "entrance", capacity: 0 } as const;
const WAITING: Settings = {
  wanted: { version: 2, settings: { capacity: 120 } },
  reported: { version: 0, state: "settled", settings: IN_FORCE },
};
const REFUSED: Settings = {
  wanted: { version: 2, settings: { capacity: 120, hotline: "1900 9095" } },
  reported: { version: 0, state: "settled", refused: { version: 2, reason: "scanner" }, settings: IN_FORCE },
};

describe("the settings form", () => {
  it("shows what is on its way, and what is in force once the kiosk has refused", () => {
    expect(shownSettings(WAITING)).toEqual({ profile: "entrance", capacity: 120 });
    expect(shownSettings(REFUSED)).toEqual(IN_FORCE);
    const older = { ...WAITING, reported: REFUSED.reported && { ...REFUSED.reported, refused: undefined } };
    expect(shownSettings(older as Settings)).toEqual({ profile: "entrance", capacity: 120 });
  });

  it("sends what was changed only", () => {
    expect(settingsPatch(WAITING, { profile: "entrance", capacity: "120", volume: "" }, NUMBERS)).toEqual({});
    expect(settingsPatch(WAITING, { profile: "exit", capacity: " 120 ", volume: "40" }, NUMBERS)).toEqual({
      profile: "exit",
      volume: 40,
    });
  });

  it("sends settings again that the kiosk refused", () => {
    const typed = { profile: "entrance", capacity: "120", hotline: "1900 9095", volume: "" };
    expect(settingsPatch(REFUSED, typed, NUMBERS)).toEqual({ capacity: 120, hotline: "1900 9095" });
  });

  it("lets nothing of a refused order ride along with the next change", () => {
    const typed = { profile: "entrance", capacity: "0", hotline: "", volume: "40" };
    expect(settingsPatch(REFUSED, typed, NUMBERS)).toEqual({ volume: 40, capacity: 0, hotline: null });
    expect(settingsPatch(REFUSED, { ...typed, volume: "" }, NUMBERS)).toEqual({});
  });
});
