import { expect, it } from "vitest";
import { watchStuck } from "../../../../../firmware/rpi/radio/stuck-watch.ts";
import { SteppedClock } from "../../../../../sim/clock.ts";

function rig(): { clock: SteppedClock; driver: { state: string }; adapter: { isUp: boolean }; stuck: () => number } {
  const clock = new SteppedClock();
  const adapter = { isUp: true };
  const driver = { state: "unknown", _bindings: { _hci: { _socket: { isDevUp: () => adapter.isUp } } } };
  let count = 0;
  watchStuck(driver, clock, () => {
    count += 1;
  });
  return { clock, driver, adapter, stuck: () => count };
}

it("tells once of a driver that does not get ready on an adapter that is up", () => {
  const { clock, stuck } = rig();
  clock.step(11_000);
  expect(stuck()).toBe(0);
  clock.step(60_000);
  expect(stuck()).toBe(1);
});

it("says nothing while the adapter is down, nor of a driver that got ready in time", () => {
  const { clock, driver, adapter, stuck } = rig();
  adapter.isUp = false;
  clock.step(60_000);
  adapter.isUp = true;
  clock.step(5_000);
  driver.state = "poweredOn";
  clock.step(60_000);
  expect(stuck()).toBe(0);
});
