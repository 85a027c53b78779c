import { stat } from "node:fs/promises";
import type { SerialPort } from "serialport";
import type { BoottimeMs } from "../../protocol/units.ts";
import { AsyncQueue } from "../../runtime/async-queue.ts";
import type { Logger } from "../../runtime/log.ts";
import type { Timers } from "../../runtime/timers.ts";
import type { DeviceStatus, QrScanner, RawScan } from "../ports/qr-scanner.ts";

import { pause } from "./pause.ts";
import { type Frame, gapMsFor, ScanFramer, type ScanFramerOptions } from "./scan-framer.ts";
import { findScannerPath } from "./scanner-path.ts";
import { closeLine, lineEnd, openSerialLine } from "./serialport-line.ts";

export interface SerialQrScannerOptions extends ScanFramerOptions {
  /** A device path, a path whose last part holds `*`, or `auto`; see {@link findScannerPath}. */
  readonly path: string;
  /** Bits per second; USB scanners in CDC mode ignore it. */
  readonly baudRate: number;
  /** Silence that ends a symbol without suffix, milliseconds; default by baud rate, see {@link gapMsFor}. */
  readonly gapMs?: number;
  /** Paths of other serial hardware, never taken for the scanner. */
  readonly exclude?: readonly string[];
}

export interface SerialQrScannerDeps {
  readonly boottime: () => BoottimeMs;
  readonly timers: Timers;
  readonly logger: Logger;
}

const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 2_000;

/** Symbols that wait for the kiosk; with more, the line is left unread and the scanner has to wait. */
const MAX_WAITING_SCANS = 64;

/** Adapts a serial scanner (GM65 class, USB-CDC, Zebra, Honeywell) to the {@link QrScanner} port, over the package `serialport`. */
export class SerialQrScanner implements QrScanner {
  readonly #options: SerialQrScannerOptions;
  readonly #deps: SerialQrScannerDeps;
  #status: DeviceStatus = { present: false, reason: "not opened yet" };

  constructor(options: SerialQrScannerOptions, deps: SerialQrScannerDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  status(): DeviceStatus {
    return this.#status;
  }

  async *scans(signal: AbortSignal, heard: () => void = () => {}): AsyncGenerator<RawScan> {
    const ended = new AbortController();
    const stop = AbortSignal.any([signal, ended.signal]);
    const waiting = new AsyncQueue<RawScan>();
    const serving = this.#serve({ waiting, heard, stop });
    try {
      while (!stop.aborted) {
        const scan = await waiting.take(stop);
        if (scan) yield scan;
      }
    } finally {
      ended.abort();
      await serving;
    }
  }

  /** Holds the device whenever it is there, until `stop` aborts. */
  async #serve(session: Session): Promise<void> {
    let retryMs = FIRST_RETRY_MS;
    while (!session.stop.aborted) {
      const opened = await this.#open();
      if (opened.kind === "open") {
        retryMs = FIRST_RETRY_MS;
        await this.#read(opened.port, session);
      } else {
        this.#missing(opened.reason);
      }
      await pause(retryMs, { timers: this.#deps.timers, signal: session.stop });
      retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
    }
    this.#status = { present: false, reason: "closed" };
  }

  async #open(): Promise<Awaited<ReturnType<typeof openSerialLine>>> {
    const { path, baudRate, exclude = [] } = this.#options;
    const found = await findScannerPath(path, { exclude });
    return found.kind === "found" ? openSerialLine({ path: found.path, baudRate }) : found;
  }

  async #read(port: SerialPort, session: Session): Promise<void> {
    const { timers, logger } = this.#deps;
    if (session.stop.aborted) return closeLine(port);
    const reader = new LineReader(port, { ...session, ...this.#deps, ...this.#options });
    this.#status = { present: true };
    logger.info("scanner.present");
    reader.open();
    await lineEnd(port, { timers, signal: session.stop });
    reader.close();
    if (!session.stop.aborted) this.#missing("the scanner was unplugged");
  }

  #missing(reason: string): void {
    if (this.#status.present || this.#status.reason !== reason) this.#deps.logger.warn("scanner.missing", { reason });
    this.#status = { present: false, reason };
  }
}

interface Session {
  readonly waiting: AsyncQueue<RawScan>;
  readonly heard: () => void;
  readonly stop: AbortSignal;
}

/** Reads one open line: bytes to symbols, silence to ends of symbols. Half a symbol is lost with its line. */
class LineReader {
  readonly #port: SerialPort;
  readonly #rig: Session & SerialQrScannerDeps & SerialQrScannerOptions;
  readonly #framer: ScanFramer;
  readonly #gapMs: number;
  readonly #onData = (chunk: Uint8Array): void => this.#received(chunk);
  #lastByteMs = 0 as BoottimeMs;
  #cancelGap = (): void => {};
  #chunks = 0;
  #closed = false;

  constructor(port: SerialPort, rig: Session & SerialQrScannerDeps & SerialQrScannerOptions) {
    this.#port = port;
    this.#rig = rig;
    this.#framer = new ScanFramer(rig);
    this.#gapMs = rig.gapMs ?? gapMsFor(rig.baudRate);
  }

  open(): void {
    this.#port.on("data", this.#onData);
  }

  close(): void {
    this.#closed = true;
    this.#cancelGap();
    this.#port.off("data", this.#onData);
  }

  #received(chunk: Uint8Array): void {
    this.#lastByteMs = this.#rig.boottime();
    this.#chunks += 1;
    const begun = this.#framer.pending ? 1 : 0;
    const frames = this.#framer.push(chunk);
    const heardNow = frames.length + (this.#framer.pending ? 1 : 0) - begun;
    for (let count = 0; count < heardNow; count += 1) this.#rig.heard();
    for (const frame of frames) this.#deliver(frame);
    this.#awaitGap();
  }

  #awaitGap(): void {
    this.#cancelGap();
    if (!this.#framer.pending || this.#port.isPaused()) return;
    this.#cancelGap = this.#rig.timers.after(this.#gapMs, () => void this.#silent());
  }

  /** The timer ran out; the line was silent only if no bytes lie unread because this process was busy. */
  async #silent(): Promise<void> {
    const seen = this.#chunks;
    await unreadBytes();
    if (seen !== this.#chunks || this.#closed) return; // more came: its own silence ends the symbol
    const frame = this.#framer.gap();
    if (frame) this.#deliver(frame);
  }

  #deliver(frame: Frame): void {
    const at = { boottimeMs: this.#lastByteMs };
    const { waiting } = this.#rig;
    if (frame.kind === "symbol") waiting.put({ bytes: frame.bytes, at });
    else waiting.put({ bytes: new Uint8Array(0), at, overflow: true });
    if (waiting.size < MAX_WAITING_SCANS || this.#port.isPaused()) return;
    this.#port.pause();
    waiting.whenEmpty(() => {
      this.#port.resume();
      this.#awaitGap();
    });
  }
}

/**
 * Resolves when bytes that the kernel holds by now have been read.
 *
 * One turn of the event loop lets the line be polled; what is ready then is read on libuv's thread pool, behind work that may wait
 * for a slow card. The pool serves in order: a look at the root folder that is asked for now comes back after that read.
 */
async function unreadBytes(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  await stat("/");
}
