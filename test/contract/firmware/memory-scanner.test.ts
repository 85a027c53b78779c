import type { BoottimeMs } from "../../../protocol/units.ts";
import { MemoryScanner } from "../../../sim/devices/memory-scanner.ts";
import { describeQrScanner } from "./qr-scanner.contract.ts";

describeQrScanner("memory", () => {
  const scanner = new MemoryScanner(() => Math.floor(performance.now()) as BoottimeMs);
  return {
    scanner,
    present: (payload) => scanner.present(payload),
    unplug: () => scanner.unplug(),
    plug: () => scanner.plug(),
    close: () => {},
  };
});
