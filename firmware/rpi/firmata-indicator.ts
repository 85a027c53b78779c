import type { SerialPort } from "serialport";
import type { Indicator, IndicatorSignal } from "../ports/indicator.ts";
import type { DeviceStatus } from "../ports/qr-scanner.ts";
import { type BoardOutputs, type GateServo, openBoard } from "./johnny-five-board.ts";
import type { IndicatorDeps } from "./onoff-indicator.ts";
import { pause } from "./pause.ts";
import type { Pinout } from "./pinout.ts";
import { closeLine, lineEnd, openSerialLine } from "./serialport-line.ts";
import { SignalPlayer } from "./signal-player.ts";

export interface FirmataIndicatorOptions {
  /** The board's serial device. */
  readonly path: string;
  readonly pins: Pinout["firmata"];
  readonly gatePulseMs: number;
  /** See {@link BoardRig.servo}; default: the relay. */
  readonly servo?: GateServo | null;
  /** See {@link BoardRig.askAfterMs}; default 2,500: a board restarts when its line is opened, and must not be disturbed. */
  readonly askAfterMs?: number;
  /** See {@link BoardRig.readyWithinMs}; default 10,000. */
  readonly readyWithinMs?: number;
}

/** StandardFirmata's speed. */
const BAUD_RATE = 57_600;
/** A board that stopped reading must not hold up the end. */
const FLUSH_WITHIN_MS = 500;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 30_000;

/** Lights, buzzer, relay or servo, and button on a USB microcontroller with StandardFirmata. The board may come and go. */
export class FirmataIndicator implements Indicator {
  readonly #options: FirmataIndicatorOptions;
  readonly #deps: IndicatorDeps;
  readonly #player: SignalPlayer;
  readonly #pressed = new Set<() => void>();
  readonly #stop = new AbortController();
  #board: BoardOutputs | null = null;
  #serving: Promise<void> = Promise.resolve();
  #status: DeviceStatus = { present: false, reason: "not opened yet" };

  constructor(options: FirmataIndicatorOptions, deps: IndicatorDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#player = new SignalPlayer({
      timers: deps.timers,
      gatePulseMs: options.gatePulseMs,
      set: (output, isOn) => this.#board?.set(output, isOn),
    });
  }

  /** Begins to look for the board, and returns at once: a kiosk does not wait for its lights. */
  open(): void {
    this.#player.start();
    this.#serving = this.#serve();
  }

  show(signal: IndicatorSignal, faultCode?: string): void {
    this.#player.show(signal, faultCode);
  }

  openGate(pulseMs?: number): void {
    if (this.#board) this.#player.openGate(pulseMs); // a board that comes later must not open the door of somebody else
  }

  silence(isSilent: boolean): void {
    this.#player.silence(isSilent);
  }

  onButton(pressed: () => void): () => void {
    this.#pressed.add(pressed);
    return () => this.#pressed.delete(pressed);
  }

  status(): DeviceStatus {
    return this.#status;
  }

  async close(): Promise<void> {
    this.#player.stop();
    const flushed = this.#board?.flush() ?? Promise.resolve();
    await Promise.race([flushed, pause(FLUSH_WITHIN_MS, { timers: this.#deps.timers, signal: this.#stop.signal })]);
    this.#stop.abort();
    await this.#serving;
    this.#pressed.clear();
    this.#status = { present: false, reason: "closed" };
  }

  async #serve(): Promise<void> {
    const { signal } = this.#stop;
    let retryMs = FIRST_RETRY_MS;
    while (!signal.aborted) {
      const opened = await openSerialLine({ path: this.#options.path, baudRate: BAUD_RATE });
      if (opened.kind === "missing") this.#missing(opened.reason);
      else if (await this.#use(opened.port)) retryMs = FIRST_RETRY_MS;
      await pause(retryMs, { timers: this.#deps.timers, signal });
      retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
    }
  }

  /** Uses one open line until it ends. @returns whether a board was there */
  async #use(port: SerialPort): Promise<boolean> {
    const { pins, servo = null, askAfterMs = 2_500, readyWithinMs = 10_000 } = this.#options;
    const { signal } = this.#stop;
    port.on("error", () => undefined);
    const pressed = (): void => {
      for (const tell of this.#pressed) tell();
    };
    const opened = await openBoard({ port, pins, servo, pressed, signal, askAfterMs, readyWithinMs });
    if (opened.kind === "missing") {
      this.#missing(opened.reason);
      await closeLine(port);
      return false;
    }
    this.#board = opened.board;
    this.#status = { present: true };
    this.#deps.logger.info("indicator.present");
    this.#player.refresh();
    await lineEnd(port, { timers: this.#deps.timers, signal });
    this.#board = null;
    opened.board.release();
    this.#player.shutGate();
    if (!signal.aborted) this.#missing("the board was unplugged");
    return true;
  }

  #missing(reason: string): void {
    if (this.#status.present || this.#status.reason !== reason) this.#deps.logger.warn("indicator.missing", { reason });
    this.#status = { present: false, reason };
  }
}
