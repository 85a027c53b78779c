import type { DeviceStatus } from "./qr-scanner.ts";

/** What the lights and the buzzer can say; what each looks like: {@link INDICATOR_PATTERNS} in indicator-patterns.ts. */
export const INDICATOR_SIGNALS = [
  "idle",
  "in",
  "out",
  "already",
  "denied",
  "unknown",
  "offline",
  "fault",
  "identify",
] as const;
export type IndicatorSignal = (typeof INDICATOR_SIGNALS)[number];

/** LEDs, buzzer, door relay and button of one kiosk. Failing hardware is reported by `status`, never thrown at a visitor. */
export interface Indicator {
  /**
   * Shows a signal.
   *
   * `idle` and `offline` stand: they show whenever nothing else does. The others are shown at once in place of what is on, end by
   * themselves, and the one that stands comes back; only `fault` stays until the next of these others.
   *
   * @param faultCode with `fault`: the code whose number of blinks tells a technician what to do; see hardware/docs/faults.md
   */
  show(signal: IndicatorSignal, faultCode?: string): void;
  /**
   * Opens the door or turnstile for its configured pulse; a second call during the pulse starts it anew.
   *
   * @param pulseMs in place of the configured pulse, milliseconds
   */
  openGate(pulseMs?: number): void;
  /** Takes the buzzer out of every signal, or lets it sound again. Lamps go on. */
  silence(isSilent: boolean): void;
  /** Calls back when the button is pressed. @returns a function that stops it */
  onButton(pressed: () => void): () => void;
  status(): DeviceStatus;
  /** Switches everything off. */
  close(): Promise<void>;
}
