import { useEffect, useState } from "preact/hooks";

const SHIFT_EVERY_MS = 60_000;
const SHIFTS: readonly { readonly x: number; readonly y: number }[] = [
  { x: 0, y: 0 },
  { x: 8, y: 4 },
  { x: 0, y: 8 },
  { x: -8, y: 4 },
];
/** Hour at which an idle page loads itself anew, so that no leak lives for long. */
const RELOAD_HOUR = 3;

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
export function useNightlyReload(idle: boolean): void {
  const [openedMs] = useState(() => Date.now());
  useEffect(() => {
    const timer = window.setInterval(() => {
      const oldEnough = Date.now() - openedMs > 7_200_000;
      if (idle && oldEnough && new Date().getHours() === RELOAD_HOUR) window.location.reload();
    }, SHIFT_EVERY_MS);
    return () => window.clearInterval(timer);
  }, [idle, openedMs]);
}

/** The kiosk's time, counted on by this page between two messages. */
export function useNow(toldMs: number): number {
  const [told, setTold] = useState({ ms: toldMs, at: performance.now() });
  const [, tick] = useState(0);
  useEffect(() => setTold({ ms: toldMs, at: performance.now() }), [toldMs]);
  useEffect(() => {
    const timer = window.setInterval(() => tick((count) => count + 1), 1_000);
    return () => window.clearInterval(timer);
  }, []);
  return told.ms + (performance.now() - told.at);
}
