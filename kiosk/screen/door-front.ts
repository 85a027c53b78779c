import type { DeviceClock } from "../../firmware/ports/device-clock.ts";
import type { Indicator } from "../../firmware/ports/indicator.ts";
import type { QrScanner } from "../../firmware/ports/qr-scanner.ts";
import type { Refusal } from "../../protocol/mqtt/fleet.ts";
import type { CheckinLog } from "../ledger/checkin-log.ts";
import type { DoorSettings } from "../remote/door-settings.ts";
import type { ScanAnswer } from "../scan/scan-service.ts";
import type { UplinkStatus } from "../uplink/uplink.ts";
import { resultOf, signalOf } from "./result-of.ts";
import type { KioskScreen } from "./screen-port.ts";

export interface DoorFrontDeps {
  readonly screen: KioskScreen;
  readonly indicator: Indicator;
  readonly clock: Pick<DeviceClock, "now">;
  readonly scanner: Pick<QrScanner, "status">;
  readonly log: Pick<CheckinLog, "lastSeq">;
  readonly settings: DoorSettings;
  /** People inside. */
  readonly inside: () => number;
  readonly uplink: () => Pick<UplinkStatus, "online" | "acknowledgedUpto">;
}

/** What a visitor sees and hears of the door: screen, lamps, buzzer and gate, told together. */
export class DoorFront {
  readonly #deps: DoorFrontDeps;
  #results = 0;
  #faults = 0;
  #shownOnline: boolean | null = null;

  constructor(deps: DoorFrontDeps) {
    this.#deps = deps;
  }

  /** Number of the result shown last; 0 before the first. */
  get lastResult(): number {
    return this.#results;
  }

  /**
   * Watches from now on whether the door works as before. Settings from afar cannot part a kiosk from its gateway, so a link that is lost
   * meanwhile is not held against them.
   *
   * @returns says what has become worse since; null when nothing has
   */
  watch(): () => Refusal | null {
    const { scanner } = this.#deps;
    const [faults, hadScanner] = [this.#faults, scanner.status().present];
    return () => {
      if (this.#faults > faults) return "fault";
      return hadScanner && !scanner.status().present ? "scanner" : null;
    };
  }

  /** Shows one answer. */
  show(answer: ScanAnswer): void {
    const { screen, indicator, settings, uplink } = this.#deps;
    this.#results += 1;
    screen.show(
      resultOf(answer, { id: this.#results, online: uplink().online, partyMs: settings.policy.partyWindowMs }),
    );
    if (answer.code === "fault") {
      this.#faults += 1;
      screen.update({ mode: "out_of_order" });
    } else if (answer.rows.length > 0) screen.update({ mode: "idle" });
    indicator.show(signalOf(answer.code));
    if (answer.code === "in_ok" || answer.code === "out_ok") indicator.openGate(settings.gatePulseMs);
    this.refresh();
  }

  /** Shows what stands between answers. */
  refresh(): void {
    const { screen, clock, scanner, log, indicator, settings, inside, uplink } = this.#deps;
    const now = clock.now();
    const { online, acknowledgedUpto } = uplink();
    if (online !== this.#shownOnline) indicator.show(online ? "idle" : "offline");
    this.#shownOnline = online;
    screen.update({
      capacity: { inside: Math.max(0, inside()), max: settings.policy.capacity },
      uplink: { online, unsent: Math.max(0, log.lastSeq - acknowledgedUpto) },
      scanner: { present: scanner.status().present },
      clock: { nowMs: Math.max(0, Math.round(now.wallMs)), synced: now.state !== "unsynced" },
    });
  }
}
