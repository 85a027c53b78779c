import { useEffect, useState } from "preact/hooks";
import { hourOf } from "../kit/i18n.ts";

const SHIFT_EVERY_MS = 60_000;
/** Where the picture stands in turn, pixels: each step is 8 to 16 long and inside the screen's bleed of 16. */
const SHIFTS: readonly { readonly x: number; readonly y: number }[] = [
  { x: 0, y: 0 },
  { x: 8, y: 4 },
  { x: 0, y: 12 },
  { x: -8, y: 4 },
  { x: 0, y: -8 },
];
/** Hour at which an idle page loads itself anew, so that no leak lives for long. */
const RELOAD_HOUR = 3;
const OLD_ENOUGH_MS = 7_200_000;
const NIGHT = { fromHour: 22, toHour: 5 };

/** Moves the picture by a few pixels each minute, so that nothing burns in. */
export function useBurnInShift(): { readonly x: number; readonly y: number } {
  const [step, setStep] = useState(0);
  useEffect(() => {
    const timer = window.setInterval(() => setStep((at) => (at + 1) % SHIFTS.length), SHIFT_EVERY_MS);
    return () => window.clearInterval(timer);
  }, []);
  return SHIFTS[step] ?? { x: 0, y: 0 };
}

/** Reloads the page once a night while nobody is at the door. */
export function useNightlyReload(idle: boolean, hour: number | null): void {
  useEffect(() => {
    if (idle && hour === RELOAD_HOUR && performance.now() > OLD_ENOUGH_MS) window.location.reload();
  }, [idle, hour]);
}

/** Whether the screen is dimmed at this hour, 0 to 23; a kiosk that does not know the time stays bright. */
export function isNight(hour: number | null): boolean {
  return hour !== null && (hour >= NIGHT.fromHour || hour < NIGHT.toHour);
}

/** The kiosk's time, counted on by this page between two messages, and its hour in Vietnam (null: not known). */
export function useNow(clock: { readonly nowMs: number; readonly synced: boolean }): {
  readonly ms: number;
  readonly hour: number | null;
} {
  const [told, setTold] = useState({ ms: clock.nowMs, at: performance.now() });
  const [, tick] = useState(0);
  useEffect(() => setTold({ ms: clock.nowMs, at: performance.now() }), [clock.nowMs]);
  useEffect(() => {
    const timer = window.setInterval(() => tick((count) => count + 1), 1_000);
    return () => window.clearInterval(timer);
  }, []);
  const ms = told.ms + (performance.now() - told.at);
  return { ms, hour: clock.synced ? hourOf(ms) : null };
}
