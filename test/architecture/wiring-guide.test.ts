import { join } from "node:path";
import { expect, it } from "vitest";
import { loadPinout } from "../../firmware/rpi/pinout.ts";
import { runToEnd } from "../support/processes.ts";
import { repository } from "../support/repository.ts";
import { readSources } from "../support/sources.ts";

it("has the wiring guide that the pin table gives: node scripts/wiring.mjs writes it", async () => {
  const { code, stderr } = await runToEnd({ script: "scripts/wiring.mjs", args: ["--check"] });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "The wiring guide is up to date." });
});

it("names in picture and table every wire that the firmware uses", () => {
  const { outputs, inputs } = loadPinout(join(repository, "hardware/pinout.json")).gpio;
  const [table, picture] = readSources(["hardware/wiring/wiring.md", "hardware/wiring/wiring.svg"]);
  for (const { bcm, headerPin, groundPin } of Object.values({ ...outputs, ...inputs })) {
    expect(table?.text).toContain(`| **${headerPin}** (GPIO${bcm}) | ${groundPin} |`);
    expect(picture?.text).toContain(`>${headerPin} GPIO${bcm}<`);
  }
});
