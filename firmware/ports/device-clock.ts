import type { ClockState } from "../../protocol/checkin/record.ts";
import type { BootId } from "../../protocol/ids.ts";
import type { BoottimeMs, WallMs } from "../../protocol/units.ts";

/** One reading of both clocks of a machine. */
export interface DeviceTime {
  readonly bootId: BootId;
  readonly boottimeMs: BoottimeMs;
  /** Wall clock, corrected by the last `adjust`. */
  readonly wallMs: WallMs;
  readonly state: ClockState;
  /** How far off `wallMs` may be; meaningless while `state` is `unsynced`. */
  readonly uncertaintyMs: number;
}

/** The machine's clocks. Boot time never steps; the wall clock may be anything until somebody sets it. */
export interface DeviceClock {
  now(): DeviceTime;
  /** Tells that at `boottimeMs` the true wall clock was `wallMs`: later readings count from there, state `gateway`. */
  adjust(fix: { readonly boottimeMs: BoottimeMs; readonly wallMs: WallMs; readonly uncertaintyMs: number }): void;
}
