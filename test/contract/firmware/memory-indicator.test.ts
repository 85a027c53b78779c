import { expect, it } from "vitest";
import { MemoryIndicator } from "../../../sim/devices/memory-indicator.ts";
import { describeIndicator } from "./indicator.contract.ts";

describeIndicator("memory", async () => {
  const indicator = new MemoryIndicator();
  return { indicator, isOn: () => null, press: () => indicator.press() };
});

it("remembers what it was told, in order", () => {
  const indicator = new MemoryIndicator();
  const watched: string[] = [];
  indicator.watch((event) => watched.push(event.kind));
  indicator.show("in");
  indicator.openGate();
  indicator.show("fault", "RT_STORE_FAILED");
  expect(indicator.events).toEqual([
    { kind: "signal", signal: "in", faultCode: null },
    { kind: "gate" },
    { kind: "signal", signal: "fault", faultCode: "RT_STORE_FAILED" },
  ]);
  expect(watched).toEqual(["signal", "gate", "signal"]);
});
