import type { BoottimeMs } from "../../protocol/units.ts";
import { AsyncQueue } from "../../runtime/async-queue.ts";
import type { Logger } from "../../runtime/log.ts";
import type { Timers } from "../../runtime/timers.ts";
import { type DeviceStatus, MAX_SYMBOL_BYTES, type QrScanner, type RawScan } from "../ports/qr-scanner.ts";
import { findCameraCommand } from "./camera/camera-command.ts";
import { runCamera } from "./camera/camera-process.ts";
import type { CameraMode } from "./camera/frame-cutter.ts";
import { HeldCodes } from "./camera/held-codes.ts";
import { NewestFrameDecoder, type SeenCodes } from "./camera/newest-frame-decoder.ts";
import { pause } from "./pause.ts";
import { RestartBudget } from "./radio/restart-budget.ts";

export interface CameraQrScannerOptions extends CameraMode {
  /** Path of the camera's program, or `auto`; see {@link findCameraCommand}. */
  readonly command: string;
}

export interface CameraQrScannerDeps {
  readonly boottime: () => BoottimeMs;
  readonly timers: Timers;
  readonly logger: Logger;
}

/** Frames of one camera since it was opened. */
export interface CameraCounters {
  readonly frames: number;
  readonly decoded: number;
  /** Frames that were never looked at, because a newer one had come. */
  readonly dropped: number;
}

/** Symbols that wait for the kiosk; more than these are forgotten: whoever still stands there holds his code up again. */
const MAX_WAITING_SCANS = 64;

/**
 * Adapts the Pi's camera to the {@link QrScanner} port: raw frames of `rpicam-vid`, decoded in a worker thread. A code that is held
 * before the lens is one symbol. Frames are never kept, nor written anywhere.
 */
export class CameraQrScanner implements QrScanner {
  readonly #options: CameraQrScannerOptions;
  readonly #deps: CameraQrScannerDeps;
  #status: DeviceStatus = { present: false, reason: "not opened yet" };
  #frames = 0;
  #decoder: NewestFrameDecoder | null = null;

  constructor(options: CameraQrScannerOptions, deps: CameraQrScannerDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  status(): DeviceStatus {
    return this.#status;
  }

  get counters(): CameraCounters {
    return { frames: this.#frames, decoded: this.#decoder?.decoded ?? 0, dropped: this.#decoder?.dropped ?? 0 };
  }

  async *scans(signal: AbortSignal, heard: () => void = () => {}): AsyncGenerator<RawScan> {
    const ended = new AbortController();
    const stop = AbortSignal.any([signal, ended.signal]);
    const waiting = new AsyncQueue<RawScan>();
    const decoder = this.#openDecoder(waiting, heard);
    const serving = this.#serve(decoder, stop);
    try {
      while (!stop.aborted) {
        const scan = await waiting.take(stop);
        if (scan) yield scan;
      }
    } finally {
      ended.abort();
      await serving;
      await decoder.close();
    }
  }

  #openDecoder(waiting: AsyncQueue<RawScan>, heard: () => void): NewestFrameDecoder {
    const held = new HeldCodes();
    const seen = ({ codes, takenMs }: SeenCodes): void => {
      for (const bytes of held.fresh(codes, takenMs)) {
        if (bytes.length === 0 || waiting.size >= MAX_WAITING_SCANS) continue;
        heard();
        waiting.put(scanOf(bytes, takenMs));
      }
    };
    this.#frames = 0;
    this.#decoder = new NewestFrameDecoder({ mode: this.#options, logger: this.#deps.logger, seen });
    return this.#decoder;
  }

  /** Keeps the camera's program running until `stop` aborts. */
  async #serve(decoder: NewestFrameDecoder, stop: AbortSignal): Promise<void> {
    const { boottime, timers } = this.#deps;
    const budget = new RestartBudget();
    while (!stop.aborted) {
      const reason = await this.#run(decoder, stop);
      if (stop.aborted) break;
      this.#missing(reason);
      await pause(budget.failed(boottime()), { timers, signal: stop });
    }
    this.#status = { present: false, reason: "closed" };
  }

  async #run(decoder: NewestFrameDecoder, signal: AbortSignal): Promise<string> {
    const found = await findCameraCommand(this.#options.command);
    if (found.kind === "missing") return found.reason;
    const frame = (luma: Uint8Array<ArrayBuffer>): void => {
      this.#frames += 1;
      if (!signal.aborted) this.#present();
      decoder.take({ luma, takenMs: this.#deps.boottime() });
    };
    return runCamera({ path: found.path, mode: this.#options, timers: this.#deps.timers, signal, frame });
  }

  #present(): void {
    if (!this.#status.present) this.#deps.logger.info("scanner.present");
    this.#status = { present: true };
  }

  #missing(reason: string): void {
    if (this.#status.present || this.#status.reason !== reason)
      this.#deps.logger.warn("scanner.missing", { reason, ...this.counters });
    this.#status = { present: false, reason };
  }
}

function scanOf(bytes: Uint8Array, boottimeMs: BoottimeMs): RawScan {
  const at = { boottimeMs };
  return bytes.length > MAX_SYMBOL_BYTES ? { bytes: new Uint8Array(0), at, overflow: true } : { bytes, at };
}
