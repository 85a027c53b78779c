import { useEffect, useRef, useState } from "preact/hooks";
import type { ScreenResult, ScreenState } from "../../protocol/http/kiosk-screen.ts";
import { listen } from "../kit/events.ts";
import { play } from "../kit/sounds.ts";
import { CLICK, IDENTIFY, LOOKS } from "./looks.ts";
import type { PartyOffer } from "./party.tsx";

/** Shortest time between two flashes, milliseconds: at most three a second (WCAG 2.2, 2.3.1). */
const FLASH_EVERY_MS = 400;

/** What the page knows of its kiosk. */
export interface Screen {
  /** Null until the first news, and while the kiosk restarts. */
  readonly state: ScreenState | null;
  readonly result: ScreenResult | null;
  readonly offer: PartyOffer | null;
  /** Counts the flashes; a change asks for the next one. */
  readonly flashes: number;
  readonly closeOffer: () => void;
}

/** Follows the kiosk's events. A newer answer takes the place of the older one; with it goes the identity that it showed. */
export function useScreen(url: string): Screen {
  const [state, setState] = useState<ScreenState | null>(null);
  const [result, setResult] = useState<ScreenResult | null>(null);
  const [offer, setOffer] = useState<PartyOffer | null>(null);
  const [flashes, setFlashes] = useState(0);
  const volume = useRef(100);
  volume.current = state?.volume ?? volume.current;
  useSoundWhile(state?.identify ?? false, volume);
  useEffect(() => {
    let flashedAtMs = Number.NEGATIVE_INFINITY;
    return listen(url, {
      connected: (up) => {
        if (up) return;
        setState(null);
        setResult(null);
        setOffer(null);
      },
      on: {
        state: (data) => {
          setState(data as ScreenState);
          setResult((data as ScreenState).result);
        },
        result: (data) => {
          const next = data as ScreenResult;
          setResult(next);
          setOffer(next.partyOpen ? { result: next.id, openMs: next.partyMs } : null);
          play(LOOKS[next.code].tones, volume.current);
        },
        click: () => {
          play(CLICK, volume.current);
          if (performance.now() - flashedAtMs < FLASH_EVERY_MS) return;
          flashedAtMs = performance.now();
          setFlashes((count) => count + 1);
        },
      },
    });
  }, [url]);
  useEndAfter(result, result?.holdMs ?? 0, setResult);
  useEndAfter(offer, offer?.openMs ?? 0, setOffer);
  return { state, result, offer, flashes, closeOffer: () => setOffer(null) };
}

/** Beeps once a second, as the buzzer of a kiosk that is looked for. */
function useSoundWhile(isOn: boolean, volume: { readonly current: number }): void {
  useEffect(() => {
    if (!isOn) return;
    const beep = (): void => play(IDENTIFY, volume.current);
    beep();
    const timer = window.setInterval(beep, 1_000);
    return () => window.clearInterval(timer);
  }, [isOn, volume]);
}

/** Clears a value when its time is over, also if the kiosk never says so. News of the same value do not prolong it. */
function useEndAfter<Value extends { readonly id: number } | { readonly result: number }>(
  value: Value | null,
  ms: number,
  set: (change: (now: Value | null) => Value | null) => void,
): void {
  const key = value === null ? null : keyOf(value);
  useEffect(() => {
    if (key === null) return;
    const end = (now: Value | null): Value | null => (now !== null && keyOf(now) === key ? null : now);
    const timer = window.setTimeout(() => set(end), ms);
    return () => window.clearTimeout(timer);
  }, [key, ms, set]);
}

function keyOf(value: { readonly id: number } | { readonly result: number }): number {
  return "id" in value ? value.id : value.result;
}
