import type { DeviceClock, DeviceTime } from "../../firmware/ports/device-clock.ts";
import { BluepostError } from "../../protocol/errors.ts";
import type { VenueId } from "../../protocol/ids.ts";
import { faultFields } from "../../runtime/log.ts";
import type { CheckinLog } from "../ledger/checkin-log.ts";
import { AnchorDuty, anchorRow, clockJumped, isSure, knowsLess } from "./anchor.ts";
import { type TimeFix, TimeSync, type TimeSyncDeps } from "./time-sync.ts";

export interface ClockDeskDeps extends Omit<TimeSyncDeps, "boottime" | "found"> {
  readonly clock: DeviceClock;
  readonly place: { readonly venue: VenueId; readonly gate: number };
  readonly log: Pick<CheckinLog, "lastSeq" | "presence">;
  readonly append: CheckinLog["append"];
  /** Told when an anchor was written. */
  readonly written: () => void;
  /** Told when the gateway set the clock, or said again that it is right. */
  readonly told: () => Promise<void>;
  /** Told once, when the time is known for the first time since the start. */
  readonly known: () => Promise<void>;
}

/** What the kiosk knows of the time: it asks the gateway, sets its clock, and leaves anchors by which the engine dates its rows. */
export class ClockDesk {
  readonly #deps: ClockDeskDeps;
  readonly #sync: TimeSync;
  readonly #duty = new AnchorDuty();
  #offMs = 0;
  /** What was known at the last look. */
  #last = { isSure: false, rows: Number.POSITIVE_INFINITY };
  #isKnown = false;
  #hasAnchor = false;
  /** Rows of this boot may be without a date. */
  #owesAnchor = false;

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

  /** Rows of this boot, of an earlier run, wait for an anchor. */
  owe(): void {
    this.#owesAnchor = true;
  }

  /** Looks at the clock: when it is sure, by whatever way, and rows were written while it was not, it leaves the boot's anchor. Says when the time is first known. */
  async tick(now: DeviceTime): Promise<void> {
    if (!this.#last.isSure && this.#rows > this.#last.rows && !this.#hasAnchor) this.#owesAnchor = true;
    this.#last = { isSure: isSure(now), rows: this.#rows };
    if (this.#owesAnchor && isSure(now)) await this.#leaveAnchor(now);
    if (this.#isKnown || now.state === "unsynced") return;
    this.#isKnown = true;
    await this.#deps.known();
  }

  get #rows(): number {
    const { log } = this.#deps;
    return log.lastSeq + log.presence.lastSeq;
  }

  async #found(fix: TimeFix): Promise<void> {
    const { clock, told } = this.#deps;
    const before = clock.now();
    this.#offMs = fix.wallMs - before.wallMs;
    if (knowsLess(before, fix)) return;
    const isNews = clockJumped(before, fix);
    if (isNews || before.state === "gateway") clock.adjust(fix); // each answer undoes the drift since the last
    if (!isNews && !this.#duty.isDue(fix, this.#rows)) return;
    await this.#leaveAnchor({ ...fix, bootId: before.bootId, state: "gateway" });
    await told();
  }

  async #leaveAnchor(at: DeviceTime): Promise<void> {
    const { append, place, written, logger } = this.#deps;
    this.#owesAnchor = false; // two at once would say the same
    try {
      await append([anchorRow(at, place)]);
      this.#hasAnchor = true;
      this.#duty.done(at, this.#rows);
      written();
    } catch (fault) {
      if (!(fault instanceof BluepostError)) throw fault;
      this.#owesAnchor = true; // a full card: the next tick tries again
      logger.warn("anchor.deferred", faultFields(fault));
    }
  }
}
