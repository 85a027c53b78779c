import type { ScreenResult, ScreenState } from "../../protocol/http/kiosk-screen.ts";

/** The screen, as the application speaks to it. Calls never wait and never fail: a dead screen must not stop a door. */
export interface KioskScreen {
  /** A symbol has been read; nothing is decided yet. */
  click(): void;
  /** Shows an answer; it replaces the one before. */
  show(result: ScreenResult): void;
  /** Changes what stands between answers. */
  update(patch: Partial<Omit<ScreenState, "result">>): void;
}
