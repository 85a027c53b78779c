import type { IndicatorSignal } from "./indicator.ts";

/** The three lamps of a kiosk, from left to right; place and rhythm say the same as the colour. */
export const LIGHTS = ["green", "amber", "red"] as const;
export type Light = (typeof LIGHTS)[number];

/** Everything that an indicator can switch on and off. */
export const OUTPUTS = [...LIGHTS, "buzzer", "relay"] as const;
export type Output = (typeof OUTPUTS)[number];

/** Some lamps, with or without the buzzer, for a while. */
export interface PatternStep {
  readonly lights: readonly Light[];
  readonly buzzer: boolean;
  readonly durationMs: number;
}

/** What one signal looks and sounds like. */
export interface IndicatorPattern {
  /** `standing`: whenever nothing else is on; `passing`: plays to its end; `held`: until something else is shown. */
  readonly kind: "standing" | "passing" | "held";
  /** Played in order; a standing or held pattern begins anew after the last. */
  readonly steps: readonly PatternStep[];
}

function on(durationMs: number, ...lights: readonly Light[]): PatternStep {
  return { lights, buzzer: false, durationMs };
}

function beep(durationMs: number, ...lights: readonly Light[]): PatternStep {
  return { lights, buzzer: true, durationMs };
}

function off(durationMs: number): PatternStep {
  return { lights: [], buzzer: false, durationMs };
}

function repeat(times: number, ...steps: readonly PatternStep[]): PatternStep[] {
  return Array.from({ length: times }, () => steps).flat();
}

/**
 * The pattern of each signal. Nothing flashes more than three times in a second.
 *
 * Times follow the screen: 2 s when all is well, 3 s for a warning, 4 s for "see a member of staff".
 * Source: WCAG 2.2, success criterion 2.3.1. Table for technicians: hardware/docs/faults.md.
 */
export const INDICATOR_PATTERNS: Readonly<Record<IndicatorSignal, IndicatorPattern>> = {
  idle: { kind: "standing", steps: [on(100, "green"), off(3_900)] },
  offline: { kind: "standing", steps: [on(100, "amber"), off(3_900)] },
  in: { kind: "passing", steps: [beep(120, "green"), on(1_880, "green")] },
  out: { kind: "passing", steps: [...repeat(2, beep(120, "green"), off(230)), on(1_300, "green")] },
  already: { kind: "passing", steps: [beep(400, "amber"), on(2_600, "amber")] },
  unknown: { kind: "passing", steps: [...repeat(2, beep(200, "amber"), off(200)), on(2_200, "amber")] },
  denied: { kind: "passing", steps: [...repeat(3, beep(200, "red"), off(200)), on(2_800, "red")] },
  fault: { kind: "held", steps: [on(400, "red"), off(400)] },
  identify: { kind: "passing", steps: repeat(20, beep(250, ...LIGHTS), off(250)) },
};

/** How many red blinks stand for a fault that a person must mend; grouped by what that person does. */
export const FAULT_BLINKS: Readonly<Record<string, number>> = {
  RT_CONFIG: 2,
  KIOSK_NOT_PROVISIONED: 2,
  KIOSK_NOT_PERMITTED: 2,
  KIOSK_UNSAFE_SETTING: 2,
  FW_PINOUT: 2,
  RT_TRUST_LIST: 2,
  RT_STORE_FAILED: 3,
  RT_STORE_CORRUPT: 3,
  RT_STORE_TOO_NEW: 4,
  RT_FOREIGN_CERTIFICATE: 5,
};

/** The pattern of a signal; for a fault with a known code its blinks and a pause. */
export function patternOf(signal: IndicatorSignal, faultCode?: string): IndicatorPattern {
  const blinks = signal === "fault" && faultCode !== undefined ? FAULT_BLINKS[faultCode] : undefined;
  if (blinks === undefined) return INDICATOR_PATTERNS[signal];
  return { kind: "held", steps: [...repeat(blinks, on(300, "red"), off(300)), off(1_500)] };
}
