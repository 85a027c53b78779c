import type { StaffNotice } from "../../protocol/http/kiosk-screen.ts";
import type { StaffAction } from "../../protocol/qr/reading.ts";
import { type BoottimeMs, SECOND_MS } from "../../protocol/units.ts";
import type { Visitors } from "../admission/visitors.ts";
import type { CheckinLog } from "../ledger/checkin-log.ts";
import type { KioskScreen } from "../screen/screen-port.ts";

export interface StaffDeskDeps {
  readonly visitors: Pick<Visitors, "clear">;
  readonly log: Pick<CheckinLog, "noteEmptied">;
  readonly screen: Pick<KioskScreen, "update">;
  /** Opens the technician's page, which is the self-test. */
  readonly openMenu: () => void;
  /** Told when everybody has left, so that the other doors of the place hear of it. */
  readonly emptied: () => void;
  /** @returns whether the door is mute now */
  readonly toggleMute: () => boolean;
}

/** A scanner reads a code that is held before it again and again: all of that is one gesture until it was gone for so long. */
const SAME_GESTURE_MS = 5 * SECOND_MS;

/** Does what the codes of staff ask for. What it changed ends with the next start, but for who is inside. */
export class StaffDesk {
  readonly #deps: StaffDeskDeps;
  #isClosed = false;
  #last: { readonly action: StaffAction; readonly boottimeMs: BoottimeMs } | null = null;

  constructor(deps: StaffDeskDeps) {
    this.#deps = deps;
  }

  /** Whether staff took this door out of service: then nobody is checked in or out. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /**
   * Does what one code asks for.
   *
   * @returns what the screen says of it; null when it shows by itself, or when the code is only still being held there
   * @throws {StoreError} RT_STORE_FAILED when it could not be written; then nothing has changed
   */
  async act(action: StaffAction, nowMs: BoottimeMs): Promise<StaffNotice | null> {
    const isHeld = this.#last?.action === action && nowMs - this.#last.boottimeMs < SAME_GESTURE_MS;
    this.#last = { action, boottimeMs: nowMs };
    return isHeld ? null : this.#do(action);
  }

  async #do(action: StaffAction): Promise<StaffNotice | null> {
    const { visitors, log, openMenu, toggleMute, emptied } = this.#deps;
    switch (action) {
      case "menu":
        openMenu();
        return null;
      case "mute":
        return toggleMute() ? "muted" : "sound_on";
      case "out_of_order":
        this.#close(true);
        return "closed";
      case "in_service":
        this.#close(false);
        return "opened";
      case "all_out":
        await log.noteEmptied();
        visitors.clear();
        emptied();
        return "all_out";
    }
  }

  #close(isClosed: boolean): void {
    this.#isClosed = isClosed;
    this.#deps.screen.update({ mode: isClosed ? "out_of_order" : "idle" });
  }
}
