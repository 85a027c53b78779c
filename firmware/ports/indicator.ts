/** What the lights and the buzzer can say; patterns are data of the adapters' folder. */
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
  /** Shows a signal; the next one replaces it. */
  show(signal: IndicatorSignal): void;
  /** Opens the door or turnstile for its configured pulse. */
  openGate(): void;
  /** Calls back when the button is pressed. @returns a function that stops it */
  onButton(pressed: () => void): () => void;
  status(): { readonly present: true } | { readonly present: false; readonly reason: string };
  close(): Promise<void>;
}
