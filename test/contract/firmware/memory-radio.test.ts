import type { BoottimeMs } from "../../../protocol/units.ts";
import { MemoryBeaconRx, MemoryBeaconTx } from "../../../sim/devices/memory-radio.ts";
import { describeBeaconRx, describeBeaconTx } from "./beacon.contract.ts";

describeBeaconTx("memory", () => {
  const tx = new MemoryBeaconTx();
  return { tx, onAir: () => tx.onAir, unplug: () => tx.unplug(), plug: () => tx.plug(), close: () => {} };
});

describeBeaconRx("memory", () => {
  const rx = new MemoryBeaconRx(() => Math.floor(performance.now()) as BoottimeMs);
  return {
    rx,
    listens: () => false, // it drops what nobody waits for
    tolerance: 0,
    say: (sent) => rx.hear(sent),
    unplug: () => rx.unplug(),
    plug: () => rx.plug(),
    close: () => {},
  };
});
