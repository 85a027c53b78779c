import type { DeviceClock } from "../../firmware/ports/device-clock.ts";
import type { VenueId } from "../../protocol/ids.ts";
import type { CheckinLog } from "../ledger/checkin-log.ts";
import { AnchorDuty, anchorRow, clockJumped, knowsLess } from "./anchor.ts";
import { type TimeFix, TimeSync, type TimeSyncDeps } from "./time-sync.ts";

export interface ClockDeskDeps extends Omit<TimeSyncDeps, "boottime" | "found"> {
  readonly clock: DeviceClock;
  readonly place: { readonly venue: VenueId; readonly gate: number };
  readonly log: Pick<CheckinLog, "lastSeq" | "presence">;
  readonly append: CheckinLog["append"];
  /** Told when an anchor was written, and what the kiosk takes for the time may have changed. */
  readonly anchored: () => Promise<void>;
}

/** What the kiosk knows of the time: it asks the gateway, sets its clock, and leaves anchors by which the engine dates its rows. */
export class ClockDesk {
  readonly #deps: ClockDeskDeps;
  readonly #sync: TimeSync;
  readonly #duty = new AnchorDuty();
  #offMs = 0;

  constructor(deps: ClockDeskDeps) {
    this.#deps = deps;
    const boottime: TimeSyncDeps["boottime"] = () => deps.clock.now().boottimeMs;
    this.#sync = new TimeSync({ ...deps, boottime, found: (fix) => this.#found(fix) });
  }

  /** Asks the gateway for the time. */
  ask(): Promise<void> {
    return this.#sync.ask();
  }

  /** Takes the gateway's answer. */
  answer(payload: Uint8Array): Promise<void> {
    return this.#sync.answer(payload);
  }

  /** Asks, and resolves with how long that took and by how much the clock was off; never, when no answer comes. */
  async compare(): Promise<{ readonly roundTripMs: number; readonly offMs: number }> {
    return { roundTripMs: await this.#sync.measure(), offMs: this.#offMs };
  }

  get #rows(): number {
    const { log } = this.#deps;
    return log.lastSeq + log.presence.lastSeq;
  }

  async #found(fix: TimeFix): Promise<void> {
    const { clock, place, append, anchored } = this.#deps;
    const before = clock.now();
    this.#offMs = fix.wallMs - before.wallMs;
    if (knowsLess(before, fix)) return;
    const isNews = clockJumped(before, fix);
    if (isNews || before.state === "gateway") clock.adjust(fix); // each answer undoes the drift since the last
    const isDue = this.#duty.isDue(fix, this.#rows);
    if (!isNews && !isDue) return;
    await append([anchorRow(before.bootId, fix, place)]);
    this.#duty.done(fix, this.#rows);
    await anchored();
  }
}
