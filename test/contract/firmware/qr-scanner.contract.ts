import { describe, expect, it, onTestFinished } from "vitest";
import type { QrScanner, RawScan } from "../../../firmware/ports/qr-scanner.ts";
import { waitFor } from "../../support/wait-for.ts";

const until = (holds: () => boolean): Promise<unknown> => waitFor(holds, { everyMs: 2 });

/** One scanner, and the hand that holds codes before it. */
export interface ScannerRig {
  readonly scanner: QrScanner;
  present(payload: string | Uint8Array): void | Promise<void>;
  unplug(): void;
  plug(): void;
  close(): void;
}

/** Reads a scanner until the test has ended. */
export function listen(scanner: QrScanner): { scans: RawScan[]; heard: () => number; stop: () => Promise<void> } {
  const scans: RawScan[] = [];
  let count = 0;
  const end = new AbortController();
  const reading = (async () => {
    for await (const scan of scanner.scans(end.signal, () => {
      count += 1;
    })) {
      scans.push(scan);
    }
  })();
  const stop = async (): Promise<void> => {
    end.abort();
    await reading;
  };
  onTestFinished(stop);
  return { scans, heard: () => count, stop };
}

const text = (scan: RawScan | undefined): string => new TextDecoder().decode(scan?.bytes);

/**
 * Every QrScanner, real or simulated, passes this; run it once per adapter.
 *
 * @param overflows whether more than the largest symbol can come from the device at all; a camera sees nothing but symbols
 */
export function describeQrScanner(adapter: string, makeRig: () => ScannerRig, { overflows = true } = {}): void {
  const rig = (): ScannerRig => {
    const made = makeRig();
    onTestFinished(() => made.close());
    return made;
  };

  describe(`QrScanner contract: ${adapter}`, () => {
    it("yields symbols in the order presented, byte for byte", async () => {
      const { scanner, present } = rig();
      const { scans } = listen(scanner);
      await until(() => scanner.status().present);
      await present("first");
      await present(new Uint8Array([0x56, 0x4e, 0xc3, 0xa2, 0x80, 0xff, 0x31]));
      await present("Nguyễn Văn Ấn");
      await until(() => scans.length === 3);
      expect(text(scans[0])).toBe("first");
      expect([...(scans[1]?.bytes ?? [])]).toEqual([0x56, 0x4e, 0xc3, 0xa2, 0x80, 0xff, 0x31]);
      expect(text(scans[2])).toBe("Nguyễn Văn Ấn");
    });

    it("is heard once for each symbol, before the symbol is yielded", async () => {
      const { scanner, present } = rig();
      const { scans, heard } = listen(scanner);
      await until(() => scanner.status().present);
      await present("one");
      await until(() => scans.length === 1);
      expect(heard()).toBe(1);
      await present("two");
      await until(() => scans.length === 2);
      expect(heard()).toBe(2);
    });

    it("stamps symbols with boot time that never steps back", async () => {
      const { scanner, present } = rig();
      const { scans } = listen(scanner);
      await until(() => scanner.status().present);
      await present("a");
      await present("b");
      await until(() => scans.length === 2);
      const [a, b] = scans.map((scan) => scan.at.boottimeMs);
      expect(Number.isInteger(a)).toBe(true);
      expect(b).toBeGreaterThanOrEqual(a as number);
    });

    it("reads the largest symbol that there is, and the next", async () => {
      const { scanner, present } = rig();
      const { scans } = listen(scanner);
      await until(() => scanner.status().present);
      await present("9".repeat(7_089));
      await present("ok");
      await until(() => scans.length === 2);
      expect(scans[0]?.bytes.length).toBe(7_089);
      expect(text(scans[1])).toBe("ok");
    });

    if (overflows) {
      it("reports a symbol that no QR code can hold as overflow, without its bytes, and reads the next", async () => {
        const { scanner, present } = rig();
        const { scans } = listen(scanner);
        await until(() => scanner.status().present);
        await present("x".repeat(7_200));
        await present("ok");
        await until(() => scans.length === 2);
        expect(scans[0]).toMatchObject({ overflow: true, bytes: new Uint8Array(0) });
        expect(text(scans[1])).toBe("ok");
        expect(scans[1]?.overflow).toBeUndefined();
      });
    }

    it("says that the device is gone, and reads on when it is back", async () => {
      const { scanner, present, unplug, plug } = rig();
      const { scans } = listen(scanner);
      await until(() => scanner.status().present);
      await present("before");
      await until(() => scans.length === 1);
      unplug();
      await until(() => !scanner.status().present);
      const status = scanner.status();
      expect(status.present ? "" : status.reason).toMatch(/\w+ \w+/);
      plug();
      await until(() => scanner.status().present);
      await present("after");
      await until(() => scans.length === 2);
      expect(text(scans[1])).toBe("after");
    });

    it("waits for a device that is not there yet", async () => {
      const { scanner, present, unplug, plug } = rig();
      unplug();
      const { scans } = listen(scanner);
      plug();
      await until(() => scanner.status().present);
      await present("late");
      await until(() => scans.length === 1);
      expect(text(scans[0])).toBe("late");
    });

    it("ends without error when the caller aborts while waiting, and can be read again", async () => {
      const { scanner, present } = rig();
      const first = listen(scanner);
      await until(() => scanner.status().present);
      await first.stop();
      expect(first.scans).toEqual([]);
      const second = listen(scanner);
      await until(() => scanner.status().present);
      await present("again");
      await until(() => second.scans.length === 1);
      expect(text(second.scans[0])).toBe("again");
    });

    it("yields nothing when the signal has aborted already", async () => {
      const { scanner } = rig();
      const seen: RawScan[] = [];
      for await (const scan of scanner.scans(AbortSignal.abort())) seen.push(scan);
      expect(seen).toEqual([]);
    });

    it("closes the device when the caller stops reading by itself", async () => {
      const { scanner, present } = rig();
      const taken: string[] = [];
      const reading = (async () => {
        for await (const scan of scanner.scans(new AbortController().signal)) {
          taken.push(text(scan));
          break;
        }
      })();
      await until(() => scanner.status().present);
      await present("only");
      await reading;
      expect(taken).toEqual(["only"]);
    });
  });
}
