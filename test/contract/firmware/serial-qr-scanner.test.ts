import { join } from "node:path";
import { describe } from "vitest";
import type { QrScanner } from "../../../firmware/ports/qr-scanner.ts";
import { SerialQrScanner } from "../../../firmware/rpi/serial-qr-scanner.ts";
import type { BoottimeMs } from "../../../protocol/units.ts";
import { silentLogger } from "../../../runtime/log.ts";
import { systemTimers } from "../../../runtime/timers.ts";
import { PtyScanner, type PtyScannerOptions } from "../../../sim/devices/pty-scanner.ts";
import { noPtys } from "../../support/ptys.ts";
import { tempFolder } from "../../support/temp.ts";
import { waitFor } from "../../support/wait-for.ts";
import { describeQrScanner, type ScannerRig } from "./qr-scanner.contract.ts";

/** Longer than the default: a busy machine pauses in the middle of a virtual scanner's symbol. */
const GAP_MS = 150;

function rig(options: Omit<PtyScannerOptions, "link">): ScannerRig {
  const device = new PtyScanner({ ...options, link: join(tempFolder(), "usb-scanner") });
  device.plug();
  const scanner = new SerialQrScanner(
    { path: device.link, baudRate: 115_200, gapMs: GAP_MS },
    {
      boottime: () => Math.floor(performance.now()) as BoottimeMs,
      timers: systemTimers,
      logger: silentLogger,
    },
  );
  let yielded = 0;
  const counted: QrScanner = {
    status: () => scanner.status(),
    async *scans(signal, heard) {
      for await (const scan of scanner.scans(signal, heard)) {
        yielded += 1;
        yield scan;
      }
    },
  };
  return {
    scanner: counted,
    present: async (payload) => {
      const before = yielded;
      await device.present(payload);
      // without any mark at its end a symbol is whole only when silence has followed it
      if (options.suffix === "" && !options.stx) await waitFor(() => yielded > before);
    },
    unplug: () => device.unplug(),
    plug: () => device.plug(),
    close: () => device.unplug(),
  };
}

describe.skipIf(noPtys !== "")(`over the real serialport on a pseudo terminal ${noPtys}`, () => {
  describeQrScanner("serial, CR suffix", () => rig({ suffix: "\r" }));
  describeQrScanner("serial, CRLF suffix, AIM identifier, noise, in pieces", () =>
    rig({ suffix: "\r\n", aim: true, garbage: new Uint8Array([0, 0xff]), chunkBytes: 700 }),
  );
  describeQrScanner("serial, STX and ETX, noise before", () =>
    rig({ suffix: "", stx: true, garbage: new Uint8Array([0x41, 0x42]) }),
  );
  describeQrScanner("serial, no suffix", () => rig({ suffix: "" }));
});
