import { Worker } from "node:worker_threads";
import type { BoottimeMs } from "../../../protocol/units.ts";
import { faultFields, type Logger } from "../../../runtime/log.ts";
import { packageFile } from "../../../runtime/package-paths.ts";
import { RestartBudget } from "../radio/restart-budget.ts";
import type { DecodedFrame } from "./decode-worker.ts";
import type { CameraMode } from "./frame-cutter.ts";

/** Entry of the worker thread, compiled. */
export const DECODE_WORKER = "dist/firmware/rpi/camera/decode-worker.js";

/** One frame on its way to the worker. */
export interface TakenFrame {
  readonly luma: Uint8Array<ArrayBuffer>;
  readonly takenMs: BoottimeMs;
}

/** What a frame showed, and when it was taken. */
export interface SeenCodes {
  readonly codes: readonly Uint8Array[];
  readonly takenMs: BoottimeMs;
}

export interface DecoderRig {
  readonly mode: CameraMode;
  readonly logger: Logger;
  readonly seen: (frame: SeenCodes) => void;
  /** Full path of the worker's entry; default {@link DECODE_WORKER}. */
  readonly entry?: string;
}

/** Decodes frames in a worker thread, one at a time; of those that come meanwhile only the newest waits, so that an answer is never about the past. */
export class NewestFrameDecoder {
  readonly #rig: DecoderRig;
  #worker: Worker | null = null;
  #underWay: TakenFrame | null = null;
  #waiting: TakenFrame | null = null;
  readonly #budget = new RestartBudget();
  #restUntilMs = 0;
  #closed = false;
  /** Frames that a newer one replaced before they were looked at. */
  dropped = 0;
  decoded = 0;

  constructor(rig: DecoderRig) {
    this.#rig = rig;
  }

  take(frame: TakenFrame): void {
    if (this.#closed) return;
    if (frame.takenMs < this.#restUntilMs) {
      this.dropped += 1;
      return;
    }
    if (this.#underWay) {
      if (this.#waiting) this.dropped += 1;
      this.#waiting = frame;
      return;
    }
    this.#decode(frame);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#waiting = null;
    await this.#worker?.terminate();
  }

  #decode(frame: TakenFrame): void {
    const { width, height } = this.#rig.mode;
    this.#underWay = frame;
    this.#worker ??= this.#start();
    this.#worker.postMessage({ data: frame.luma, width, height }, [frame.luma.buffer]);
  }

  #start(): Worker {
    const worker = new Worker(this.#rig.entry ?? packageFile(DECODE_WORKER), {
      stdout: true,
      stderr: true,
      resourceLimits: LIMITS,
    });
    worker.on("message", ({ codes }: DecodedFrame) => this.#answered(codes));
    worker.on("error", (fault) => this.#rig.logger.warn("scanner.decoder_fault", faultFields(fault)));
    worker.on("exit", () => this.#died());
    return worker;
  }

  /** The frame that killed it is given up; a later one starts another worker. */
  #died(): void {
    this.#worker = null;
    if (this.#closed || !this.#underWay) return;
    const { takenMs } = this.#underWay;
    this.#restUntilMs = takenMs + this.#budget.failed(takenMs);
    this.#waiting = null;
    this.#answered([]);
  }

  #answered(codes: readonly Uint8Array[]): void {
    const done = this.#underWay;
    const next = this.#waiting;
    this.#underWay = null;
    this.#waiting = null;
    if (!done || this.#closed) return;
    this.decoded += 1;
    this.#rig.seen({ codes, takenMs: done.takenMs });
    if (next) this.#decode(next);
  }
}

/** A worker that wants more is broken; a frame and its copies take a few megabytes. */
const LIMITS = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 32 } as const;
