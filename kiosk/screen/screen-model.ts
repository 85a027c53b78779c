import { SCREEN_EVENTS, type ScreenResult, type ScreenState } from "../../protocol/http/kiosk-screen.ts";
import type { Timers } from "../../runtime/timers.ts";
import type { KioskScreen } from "./screen-port.ts";

/** What the page is told: the name of a server-sent event and its data. */
export type ScreenEvent =
  | { readonly name: typeof SCREEN_EVENTS.state; readonly data: ScreenState }
  | { readonly name: typeof SCREEN_EVENTS.result; readonly data: ScreenResult }
  | { readonly name: typeof SCREEN_EVENTS.click; readonly data: Record<string, never> };

/** What a server needs to show a screen. */
export interface ScreenSource {
  state(): ScreenState;
  /** The listener is called at once, in order, and must not throw. @returns a function that ends the subscription */
  subscribe(listener: (event: ScreenEvent) => void): () => void;
}

/** The state of one screen, and whoever watches it. */
export interface ScreenModel extends KioskScreen, ScreenSource {}

/** Makes a screen's state. A newer result replaces an older one at once; a result and the identity in it are gone after `holdMs`. */
export function createScreenModel(initial: Omit<ScreenState, "result">, timers: Timers): ScreenModel {
  const listeners = new Set<(event: ScreenEvent) => void>();
  let state: ScreenState = { ...initial, result: null };
  let cancelHold = (): void => {};
  const tell = (event: ScreenEvent): void => {
    for (const listener of listeners) listener(event);
  };
  const set = (next: ScreenState): void => {
    const changed = JSON.stringify(withoutSeconds(next)) !== JSON.stringify(withoutSeconds(state));
    state = next;
    if (changed) tell({ name: SCREEN_EVENTS.state, data: state });
  };
  return {
    state: () => state,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    click: () => tell({ name: SCREEN_EVENTS.click, data: {} }),
    show(result) {
      cancelHold();
      state = { ...state, result };
      cancelHold = timers.after(result.holdMs, () => set({ ...state, result: null }));
      tell({ name: SCREEN_EVENTS.result, data: result });
    },
    update: (patch) => set({ ...state, ...patch }),
  };
}

/** A clock that moved within the same minute is no news for the page, which has a clock of its own. */
function withoutSeconds(state: ScreenState): unknown {
  return { ...state, clock: { ...state.clock, nowMs: Math.floor(state.clock.nowMs / 60_000) } };
}
