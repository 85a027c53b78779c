import { scrypt } from "node:crypto";
import { chmodSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { SerialQrScanner, type SerialQrScannerOptions } from "../../../firmware/rpi/serial-qr-scanner.ts";
import { utf8 } from "../../../protocol/bytes.ts";
import type { BoottimeMs } from "../../../protocol/units.ts";
import { type Logger, silentLogger } from "../../../runtime/log.ts";
import { systemTimers } from "../../../runtime/timers.ts";
import { PtyScanner, type PtyScannerOptions } from "../../../sim/devices/pty-scanner.ts";
import { noPtys } from "../../support/ptys.ts";
import { tempFolder } from "../../support/temp.ts";
import { waitFor } from "../../support/wait-for.ts";
import { listen } from "./qr-scanner.contract.ts";

const until = (holds: () => boolean): Promise<unknown> => waitFor(holds, { everyMs: 2 });
const decoder = new TextDecoder();

function plugged(options: Partial<PtyScannerOptions> = {}): PtyScanner {
  const device = new PtyScanner({ link: join(tempFolder(), "usb-scanner"), ...options });
  device.plug();
  onTestFinished(() => device.unplug());
  return device;
}

function reader(path: string, options: Partial<SerialQrScannerOptions> = {}, logger: Logger = silentLogger) {
  const boottime = (): BoottimeMs => Math.floor(performance.now()) as BoottimeMs;
  const scanner = new SerialQrScanner(
    { path, baudRate: 9_600, ...options },
    { boottime, timers: systemTimers, logger },
  );
  const { scans, heard } = listen(scanner);
  return {
    scanner,
    heard,
    texts: () => scans.map((scan) => (scan.overflow ? "overflow" : decoder.decode(scan.bytes))),
    present: () => until(() => scanner.status().present),
    reason: () => {
      const status = scanner.status();
      return status.present ? "" : status.reason;
    },
  };
}

/** Keeps one thread of the pool busy for some tenths of a second. */
function holdThread(): Promise<void> {
  return new Promise((resolve) => scrypt("x", "y", 32, { N: 2 ** 16, r: 8, maxmem: 2 ** 28 }, () => resolve()));
}

describe.skipIf(noPtys !== "")(`SerialQrScanner on a real line ${noPtys}`, () => {
  it("reads a 9,600 baud scanner without suffix as whole symbols", async () => {
    const device = plugged({ suffix: "", baudRate: 9_600 });
    const { present, texts, heard } = reader(device.link, { gapMs: 300 });
    await present();
    const symbol = `BP1:${"7K".repeat(60)}`;
    await device.present(symbol);
    await until(() => texts().length === 1);
    await device.present("second");
    await until(() => texts().length === 2);
    expect(texts()).toEqual([symbol, "second"]);
    expect(heard()).toBe(2);
  });

  it("reads bytes that come one at a time, and symbols that come glued together", async () => {
    const device = plugged({ chunkBytes: 1 });
    const { present, texts } = reader(device.link);
    await present();
    await device.send(utf8("SPLIT-1\r\nSPLIT-2\r"));
    await until(() => texts().length === 2);
    expect(texts()).toEqual(["SPLIT-1", "SPLIT-2"]);
  });

  it("does not cut a symbol in two when this process was busy while its second half came", async () => {
    const device = plugged({ suffix: "" });
    const { present, texts, heard } = reader(device.link, { gapMs: 150 });
    await present();
    await device.send(utf8("FIRST-"));
    await until(() => heard() === 1);
    void device.send(utf8("SECOND")); // the kernel gets it from another thread
    await new Promise((resolve) => process.nextTick(resolve));
    const busyUntil = performance.now() + 300;
    while (performance.now() < busyUntil);
    await until(() => texts().length === 1);
    expect(texts()).toEqual(["FIRST-SECOND"]);
  });

  it("does not cut a symbol in two when its second half waits for a thread that may read it", async () => {
    const device = plugged({ suffix: "" });
    const { present, texts, heard } = reader(device.link, { gapMs: 150 });
    await present();
    await device.send(utf8("FIRST-"));
    await until(() => heard() === 1);
    await device.send(utf8("SECOND"));
    // as slow flushes do: each holds one thread of libuv's pool, and there are four
    await Promise.all(Array.from({ length: 8 }, () => holdThread()));
    await until(() => texts().length === 1);
    expect(texts()).toEqual(["FIRST-SECOND"]);
  });

  it("drops the half of a symbol that was on its way when the cable was pulled", async () => {
    const device = plugged();
    const { present, texts, heard, reason } = reader(device.link);
    await present();
    await device.send(utf8("\u0002HALF"));
    await until(() => heard() === 1);
    device.unplug();
    await until(() => reason() !== "");
    expect(reason()).toMatch(/unplugged|no device/);
    device.plug();
    await present();
    await device.send(utf8("WHOLE\r"));
    await until(() => texts().length === 1);
    expect(texts()).toEqual(["WHOLE"]);
  });

  it("comes back after each of several unpluggings", async () => {
    const device = plugged();
    const { present, texts, reason } = reader(device.link);
    for (const round of [1, 2, 3]) {
      await present();
      await device.present(`round ${round}`);
      await until(() => texts().length === round);
      device.unplug();
      await until(() => reason() !== "");
      device.plug();
    }
    expect(texts()).toEqual(["round 1", "round 2", "round 3"]);
  });

  it("moves to the device that took the path of one that never said goodbye (node-serialport#2043)", async () => {
    const dead = plugged();
    const { present, texts } = reader(dead.link);
    await present();
    const fresh = plugged({ link: dead.link });
    await waitFor(async () => {
      if (texts().length === 0) await fresh.present("fresh");
      return texts().length > 0;
    });
    expect(texts()[0]).toBe("fresh");
  });

  it("keeps every symbol of a flood, in order, for a reader that is slow", async () => {
    const device = plugged();
    const boottime = (): BoottimeMs => 0 as BoottimeMs;
    const deps = { boottime, timers: systemTimers, logger: silentLogger };
    const scanner = new SerialQrScanner({ path: device.link, baudRate: 115_200 }, deps);
    const stop = new AbortController();
    const taken: string[] = [];
    const reading = (async () => {
      for await (const scan of scanner.scans(stop.signal)) {
        taken.push(decoder.decode(scan.bytes));
        await new Promise((resolve) => setImmediate(resolve));
        if (taken.length === 2_000) break;
      }
    })();
    await until(() => scanner.status().present);
    const sent = Array.from({ length: 2_000 }, (_, index) => `code ${index}`);
    await device.send(utf8(sent.map((text) => `${text}\r`).join("")));
    await reading;
    expect(taken).toEqual(sent);
  });

  it("survives hostile bytes and reads the next code", async () => {
    const device = plugged();
    const { present, texts } = reader(device.link);
    await present();
    const noise = Uint8Array.from({ length: 60_000 }, (_, at) => ((at * 7_919) % 251) | 0x80);
    await device.send(noise);
    await device.send(utf8("\rBP1:OK\r"));
    await until(() => texts().includes("BP1:OK"));
    expect(texts().filter((text) => text === "overflow")).toHaveLength(1);
  });

  it("holds its device alone: a second reader is told that it is in use", async () => {
    const device = plugged();
    const first = reader(device.link);
    await first.present();
    const second = reader(device.link);
    await until(() => /another program/.test(second.reason()));
    await device.present("mine");
    await until(() => first.texts().length === 1);
    expect(second.texts()).toEqual([]);
  });

  it("reads two scanners side by side, each its own", async () => {
    const [left, right] = [plugged(), plugged({ suffix: "", stx: true })];
    const [atLeft, atRight] = [reader(left.link), reader(right.link)];
    await Promise.all([atLeft.present(), atRight.present()]);
    await Promise.all([left.present("in"), right.present("out")]);
    await until(() => atLeft.texts().length === 1 && atRight.texts().length === 1);
    expect([atLeft.texts(), atRight.texts()]).toEqual([["in"], ["out"]]);
  });

  it("finds its device by a pattern, under another name after replugging", async () => {
    const folder = tempFolder();
    const device = plugged({ link: join(folder, "usb-GM65_0001-if00") });
    const { present, texts, reason } = reader(join(folder, "usb-GM65_*"));
    await present();
    device.unplug();
    await until(() => reason() !== "");
    const other = plugged({ link: join(folder, "usb-GM65_0002-if00") });
    await present();
    await other.present("found");
    await until(() => texts().length === 1);
  });
});

describe("SerialQrScanner without its device", () => {
  it("says that no device is there, once in the log, and ends when it is told to", async () => {
    const warnings: unknown[] = [];
    const logger = { ...silentLogger, warn: (event: string, fields?: unknown) => void warnings.push([event, fields]) };
    const { reason } = reader(join(tempFolder(), "ttyNone"), {}, logger);
    await until(() => /no device at/.test(reason()));
    expect(warnings).toHaveLength(1);
  });

  it("says that a path is no serial device", async () => {
    const { reason } = reader(tempFolder());
    await until(() => /cannot be opened/.test(reason()));
  });

  it.skipIf(process.getuid?.() === 0)(
    "says what to do when it may not open the device (skipped: for root)",
    async () => {
      const folder = tempFolder();
      const target = join(folder, "private");
      mkdirSync(target);
      chmodSync(target, 0o000);
      symlinkSync(target, join(folder, "ttyACM0"));
      const { reason } = reader(join(folder, "ttyACM0"));
      await until(() => /dialout/.test(reason()));
    },
  );
});
