import type { SerialPort } from "serialport";
import type { Logger } from "../../runtime/log.ts";
import type { Timers } from "../../runtime/timers.ts";
import type { ByteLine } from "../ports/improv.ts";
import type { DeviceStatus } from "../ports/qr-scanner.ts";
import { pause } from "./pause.ts";
import { lineEnd, openSerialLine } from "./serialport-line.ts";

const RETRY_MS = 1_000;

export interface SerialByteLineOptions {
  readonly path: string;
  /** Bits per second; USB lines ignore it. */
  readonly baudRate: number;
}

/** A serial device as a line of bytes, over the package `serialport`: opened when it is there, and again when it comes back. */
export class SerialByteLine implements ByteLine {
  readonly #options: SerialByteLineOptions;
  readonly #deps: { readonly timers: Timers; readonly logger: Logger };
  #port: SerialPort | null = null;
  #status: DeviceStatus = { present: false, reason: "not opened yet" };

  constructor(options: SerialByteLineOptions, deps: { readonly timers: Timers; readonly logger: Logger }) {
    this.#options = options;
    this.#deps = deps;
  }

  status(): DeviceStatus {
    return this.#status;
  }

  async serve(received: (bytes: Uint8Array) => void, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const opened = await openSerialLine(this.#options);
      if (opened.kind === "open") await this.#hold(opened.port, received, signal);
      else this.#missing(opened.reason);
      await pause(RETRY_MS, { timers: this.#deps.timers, signal });
    }
    this.#status = { present: false, reason: "closed" };
  }

  write(bytes: Uint8Array): void {
    this.#port?.write(Buffer.from(bytes)); // a fault ends the line, which lineEnd sees
  }

  async #hold(port: SerialPort, received: (bytes: Uint8Array) => void, signal: AbortSignal): Promise<void> {
    const heard = (chunk: Uint8Array): void => received(Uint8Array.from(chunk));
    port.on("data", heard);
    this.#port = port;
    this.#status = { present: true };
    await lineEnd(port, { timers: this.#deps.timers, signal });
    this.#port = null;
    port.off("data", heard);
    if (!signal.aborted) this.#missing("the cable was pulled");
  }

  #missing(reason: string): void {
    if (this.#status.present || this.#status.reason !== reason) this.#deps.logger.warn("improv.line_missing", {});
    this.#status = { present: false, reason };
  }
}
