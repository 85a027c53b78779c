import type { Gpio } from "onoff";
import type { Logger } from "../../runtime/log.ts";
import type { Timers } from "../../runtime/timers.ts";
import type { Indicator, IndicatorSignal } from "../ports/indicator.ts";
import type { Output } from "../ports/indicator-patterns.ts";
import type { DeviceStatus } from "../ports/qr-scanner.ts";
import { findGpioBase } from "./gpio-base.ts";
import type { Pinout } from "./pinout.ts";
import { SignalPlayer } from "./signal-player.ts";

export interface OnoffIndicatorOptions {
  readonly pins: Pinout["gpio"];
  readonly gatePulseMs: number;
  /** The kernel's GPIO folder; default /sys/class/gpio. */
  readonly sysfsRoot?: string;
}

export interface IndicatorDeps {
  readonly timers: Timers;
  readonly logger: Logger;
}

/** A press shorter than this is a bounce of the contact. */
const DEBOUNCE_MS = 20;

type Driver = typeof import("onoff");

/** Lights, buzzer, relay and button on the Pi's header, over the package `onoff`. */
export class OnoffIndicator implements Indicator {
  readonly #options: OnoffIndicatorOptions;
  readonly #deps: IndicatorDeps;
  readonly #player: SignalPlayer;
  readonly #lines = new Map<Output, Gpio>();
  readonly #pressed = new Set<() => void>();
  #button: Gpio | null = null;
  #status: DeviceStatus = { present: false, reason: "not opened yet" };

  constructor(options: OnoffIndicatorOptions, deps: IndicatorDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#player = new SignalPlayer({
      timers: deps.timers,
      gatePulseMs: options.gatePulseMs,
      set: (output, isOn) => this.#set(output, isOn),
    });
  }

  /** Takes the lines, all off. When that cannot be, the indicator stays dark and `status` says why. */
  async open(): Promise<void> {
    const base = await findGpioBase(this.#options.sysfsRoot ?? "/sys/class/gpio", this.#options.pins.chips);
    if (base.kind === "missing") return this.#missing(base.reason);
    let driver: Driver;
    try {
      driver = await import("onoff");
    } catch {
      return this.#missing("the package onoff is not installed; run npm install again");
    }
    try {
      this.#claim(driver, base);
    } catch (fault) {
      this.#release();
      return this.#missing(whyNotClaimed(fault));
    }
    this.#status = { present: true };
    this.#deps.logger.info("indicator.present", { chip: base.label, base: base.base });
    this.#player.start();
  }

  show(signal: IndicatorSignal, faultCode?: string): void {
    if (this.#status.present) this.#player.show(signal, faultCode);
  }

  openGate(pulseMs?: number): void {
    if (this.#status.present) this.#player.openGate(pulseMs);
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
    this.#release();
    this.#pressed.clear();
    this.#status = { present: false, reason: "closed" };
  }

  #claim({ Gpio }: Driver, { base, lineCount }: { readonly base: number; readonly lineCount: number }): void {
    const { outputs, inputs } = this.#options.pins;
    for (const [name, { bcm, activeLow }] of Object.entries(outputs)) {
      if (bcm >= lineCount) throw new RangeError("no such line");
      // the kernel takes "high" and "low" as voltages, before it turns an active-low line round
      this.#lines.set(name as Output, new Gpio(base + bcm, activeLow ? "high" : "low", { activeLow }));
    }
    const { bcm, activeLow } = inputs.button;
    const button = new Gpio(base + bcm, "in", "both", { activeLow, debounceTimeout: DEBOUNCE_MS });
    this.#button = button;
    let wasDown = button.readSync() === 1;
    button.watch((fault, value) => {
      const isDown = !fault && value === 1;
      if (isDown && !wasDown) for (const pressed of this.#pressed) pressed();
      wasDown = isDown;
    });
  }

  #set(output: Output, isOn: boolean): void {
    try {
      this.#lines.get(output)?.writeSync(isOn ? 1 : 0);
    } catch {
      this.#missing("a GPIO line was taken away; restart the kiosk"); // a door must not stop for a lamp
    }
  }

  #release(): void {
    for (const line of [...this.#lines.values(), this.#button]) {
      try {
        line?.unexport();
      } catch {
        // taken away already: nothing is left to give back
      }
    }
    this.#lines.clear();
    this.#button = null;
  }

  #missing(reason: string): void {
    if (this.#status.present || this.#status.reason !== reason) this.#deps.logger.warn("indicator.missing", { reason });
    this.#status = { present: false, reason };
  }
}

function whyNotClaimed(fault: unknown): string {
  const code = fault instanceof Error && "code" in fault ? fault.code : null;
  if (code === "EACCES" || code === "EPERM")
    return "no permission for GPIO; the service's user must belong to the group gpio";
  if (code === "EBUSY") return "a GPIO line is used by another driver; check the overlays in config.txt";
  return "the kernel refused a GPIO line; check hardware/pinout.json against this model";
}
