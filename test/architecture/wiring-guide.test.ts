import { join } from "node:path";
import { expect, it } from "vitest";
import { loadPinout } from "../../firmware/rpi/pinout.ts";
import { wires, wiringPicture, wiringTable } from "../../scripts/lib/wiring.mjs.mts";
import { repository } from "../support/repository.ts";
import { readSources } from "../support/sources.ts";

const pinout = loadPinout(join(repository, "hardware/pinout.json"));

it("has the wiring guide that the pin table gives: node scripts/wiring.mjs writes it", () => {
  const [table, picture] = readSources(["hardware/wiring/wiring.md", "hardware/wiring/wiring.svg"]);
  expect(table?.text).toBe(wiringTable(pinout));
  expect(picture?.text).toBe(wiringPicture(pinout));
});

it("names in picture and table every wire that the firmware uses", () => {
  const { outputs, inputs } = pinout.gpio;
  const signals = wires(pinout).filter(({ role }) => role === "signal");
  expect(signals.map(({ pin }) => pin)).toEqual(Object.values({ ...outputs, ...inputs }).map((line) => line.headerPin));
  for (const { pin } of wires(pinout)) expect(wiringPicture(pinout)).toContain(`>${pin} `);
});
