import type { Timers } from "../../runtime/timers.ts";
import type { IndicatorSignal } from "../ports/indicator.ts";
import {
  type IndicatorPattern,
  LIGHTS,
  OUTPUTS,
  type Output,
  type PatternStep,
  patternOf,
} from "../ports/indicator-patterns.ts";

/** Whatever switches one output. It must not throw: a lamp that fails is its adapter's affair. */
export type SetOutput = (output: Output, isOn: boolean) => void;

export interface SignalPlayerOptions {
  readonly timers: Timers;
  readonly set: SetOutput;
  /** How long the relay stays closed to open the gate, milliseconds. */
  readonly gatePulseMs: number;
}

/** Plays the patterns of signals on outputs: what an indicator does, whatever its hardware. */
export class SignalPlayer {
  readonly #options: SignalPlayerOptions;
  readonly #lit = new Set<Output>();
  #standing: "idle" | "offline" = "idle";
  #running = false;
  #silent = false;
  #playing: IndicatorPattern | null = null;
  #cancelStep = (): void => {};
  #cancelPulse = (): void => {};

  constructor(options: SignalPlayerOptions) {
    this.#options = options;
  }

  /** Begins with the standing signal. What is shown before this, or after `stop`, is not. */
  start(): void {
    this.#running = true;
    this.#play(patternOf(this.#standing), 0);
  }

  show(signal: IndicatorSignal, faultCode?: string): void {
    if (!this.#running) return;
    if (signal !== "idle" && signal !== "offline") {
      this.#play(patternOf(signal, faultCode), 0);
      return;
    }
    const isNew = signal !== this.#standing;
    this.#standing = signal;
    if (isNew && this.#playing?.kind === "standing") this.#play(patternOf(signal), 0);
  }

  openGate(pulseMs: number = this.#options.gatePulseMs): void {
    if (!this.#running) return;
    this.#cancelPulse();
    this.#set("relay", true);
    this.#cancelPulse = this.#options.timers.after(pulseMs, () => this.#set("relay", false));
  }

  silence(isSilent: boolean): void {
    this.#silent = isSilent;
    if (isSilent) this.#set("buzzer", false);
  }

  /** Ends the gate's pulse at once. */
  shutGate(): void {
    this.#cancelPulse();
    this.#set("relay", false);
  }

  /** Sets every output again as it should be: the hardware is new and knows nothing. */
  refresh(): void {
    for (const output of OUTPUTS) this.#options.set(output, this.#lit.has(output));
  }

  /** Switches everything off and plays no more. */
  stop(): void {
    this.#running = false;
    this.#cancelStep();
    this.#playing = null;
    this.shutGate();
    for (const output of OUTPUTS) this.#set(output, false);
  }

  #play(pattern: IndicatorPattern, at: number): void {
    this.#cancelStep();
    this.#playing = pattern;
    const step = pattern.steps[at];
    if (step) {
      this.#apply(step);
      this.#cancelStep = this.#options.timers.after(step.durationMs, () => this.#play(pattern, at + 1));
    } else {
      this.#play(pattern.kind === "passing" ? patternOf(this.#standing) : pattern, 0);
    }
  }

  #apply(step: PatternStep): void {
    for (const light of LIGHTS) this.#set(light, step.lights.includes(light));
    this.#set("buzzer", step.buzzer && !this.#silent);
  }

  #set(output: Output, isOn: boolean): void {
    if (isOn === this.#lit.has(output)) return;
    if (isOn) this.#lit.add(output);
    else this.#lit.delete(output);
    this.#options.set(output, isOn);
  }
}
