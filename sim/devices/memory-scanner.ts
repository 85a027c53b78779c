import type { DeviceStatus, QrScanner, RawScan } from "../../firmware/ports/qr-scanner.ts";
import { MAX_SYMBOL_BYTES } from "../../firmware/ports/qr-scanner.ts";
import { utf8 } from "../../protocol/bytes.ts";
import type { BoottimeMs } from "../../protocol/units.ts";
import { AsyncQueue } from "../../runtime/async-queue.ts";

/** A scanner without a line: what is presented comes out as scans, at once. The twin of the serial scanner in virtual time. */
export class MemoryScanner implements QrScanner {
  readonly #boottime: () => BoottimeMs;
  readonly #waiting = new AsyncQueue<RawScan>();
  #heard: () => void = () => {};
  #plugged = true;

  constructor(boottime: () => BoottimeMs) {
    this.#boottime = boottime;
  }

  async *scans(signal: AbortSignal, heard: () => void = () => {}): AsyncGenerator<RawScan> {
    this.#heard = heard;
    while (!signal.aborted) {
      const scan = await this.#waiting.take(signal);
      if (scan) yield scan;
    }
  }

  status(): DeviceStatus {
    return this.#plugged ? { present: true } : { present: false, reason: "the scanner was unplugged" };
  }

  /** Shows a code to the scanner. Text is read as UTF-8; while it is unplugged nothing happens. */
  present(payload: Uint8Array | string): void {
    if (!this.#plugged) return;
    const bytes = typeof payload === "string" ? utf8(payload) : payload;
    if (bytes.length === 0) return;
    const at = { boottimeMs: this.#boottime() };
    this.#heard();
    this.#waiting.put(
      bytes.length > MAX_SYMBOL_BYTES ? { bytes: new Uint8Array(0), at, overflow: true } : { bytes, at },
    );
  }

  unplug(): void {
    this.#plugged = false;
  }

  plug(): void {
    this.#plugged = true;
  }
}
