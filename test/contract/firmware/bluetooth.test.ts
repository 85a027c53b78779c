import { BlenoBeacon } from "../../../firmware/rpi/radio/bleno-beacon.ts";
import { loadBleno, loadNoble } from "../../../firmware/rpi/radio/load-bluetooth.ts";
import { NobleObserver } from "../../../firmware/rpi/radio/noble-observer.ts";
import type { BoottimeMs } from "../../../protocol/units.ts";
import { systemTimers } from "../../../runtime/timers.ts";
import { adapter, hookDrivers, poweredOn, Speaker, speakerPower, testAir } from "../../support/air.ts";
import { waitFor } from "../../support/wait-for.ts";
import { describeBeaconRx, describeBeaconTx } from "./beacon.contract.ts";

// The real noble and bleno on the virtual air; a process has one bleno, so the rigs of this file share the drivers.
const air = testAir({ rssi: speakerPower });
const mouth = adapter(air, 0);
const ear = adapter(air, 1);
hookDrivers([mouth, ear]);
const bleno = loadBleno(0);
const noble = loadNoble(1);
if (bleno.kind !== "loaded" || noble.kind !== "loaded") throw new Error("noble and bleno are not installed");

describeBeaconTx("bleno", async () => {
  mouth.up();
  const tx = new BlenoBeacon(bleno.driver, { timers: systemTimers, askMs: 100 });
  tx.open();
  await poweredOn(bleno.driver);
  return {
    tx,
    onAir: () => mouth.controller.advertiser.onAir,
    unplug: () => mouth.down(),
    plug: () => mouth.up(),
    close: () => {},
  };
});

describeBeaconRx("noble", async () => {
  ear.up();
  const rx = new NobleObserver(noble.driver, {
    timers: systemTimers,
    boottime: () => Math.floor(performance.now()) as BoottimeMs,
    rearmMs: 500,
  });
  rx.open();
  await waitFor(() => rx.status().present);
  const speaker = new Speaker(air);
  return {
    rx,
    listens: () => ear.controller.listener.scanning,
    tolerance: 0,
    say: ({ payload, rssi, address }) => {
      speaker.rssi = rssi;
      speaker.say(payload, address);
    },
    unplug: () => ear.down(),
    plug: () => ear.up(),
    close: () => air.leave(speaker),
  };
});
