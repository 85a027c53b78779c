import type { DeviceClock } from "../../firmware/ports/device-clock.ts";
import type { Indicator } from "../../firmware/ports/indicator.ts";
import type { QrScanner } from "../../firmware/ports/qr-scanner.ts";
import {
  SELF_CHECKS,
  SELF_TEST_CODES,
  type SelfCheck,
  type SelfTestCode,
  type SelfTestLine,
} from "../../protocol/http/self-test.ts";
import { faultFields, type Logger } from "../../runtime/log.ts";
import type { Timers } from "../../runtime/timers.ts";
import type { HealthSource } from "../health/health.ts";
import type { RadioStatus } from "../radio/radio-desk.ts";
import type { KioskScreen } from "../screen/screen-port.ts";
import { type FlushTime, SLOW_FLUSH_MS } from "./flush-time.ts";

/** A question to the gateway and its signed answer. */
export interface GatewayAnswer {
  readonly roundTripMs: number;
  /** How far this machine's clock was off the gateway's when the answer came; it is set right by it. */
  readonly offMs: number;
}

export interface SelfTestDeps {
  readonly scanner: Pick<QrScanner, "status">;
  readonly indicator: Pick<Indicator, "show" | "status">;
  readonly clock: Pick<DeviceClock, "now">;
  readonly beacon: () => RadioStatus["beacon"];
  /** Tries the card on which the ledger is; rejects when it cannot be written. */
  readonly flushTime: () => Promise<FlushTime>;
  readonly diskFreeBytes: () => Promise<number>;
  readonly online: () => boolean;
  /** Asks the gateway for signed time; never resolves when there is no sound answer. */
  readonly askGateway: () => Promise<GatewayAnswer>;
  readonly screen: Pick<KioskScreen, "update">;
  readonly timers: Timers;
  readonly logger: Logger;
}

/** The page leaves the screen by itself, so that a door is not blocked by a technician who was called away. */
const SHOWN_MS = 120_000;
/** A kiosk that has just started needs some seconds for its session with the gateway. */
const GATEWAY_WAIT_MS = 15_000;
const DEVICE_WAIT_MS = 3_000;
const LOOK_EVERY_MS = 250;
/** A flush on the gateway and the network together; beyond this something is wrong with either. */
const SLOW_GATEWAY_MS = 2_000;
/** The kiosk gives up its oldest rows below this; see kiosk/ledger/room-keeper.ts. */
const ROOM_BYTES = 128 << 20;
const MEGABYTE = 1 << 20;
/** Each lamp in turn, each for as long as its pattern takes. */
const LAMPS = [
  { signal: "in", ms: 2_000 },
  { signal: "already", ms: 3_000 },
  { signal: "denied", ms: 4_000 },
] as const;

type Found = Pick<SelfTestLine, "code" | "values">;

/** The test that a technician sees on the kiosk's own screen. It disturbs nothing: scans are answered meanwhile. */
export class SelfTest {
  readonly #deps: SelfTestDeps;
  #run = 0;
  /** Findings of the test on the screen; null when there is none. */
  #found: Map<SelfCheck, Found> | null = null;
  #cancels: (() => void)[] = [];
  #cancelLamp = (): void => {};
  /** One question for both checks that want it. */
  #asked: { readonly run: number; readonly answer: Promise<GatewayAnswer | GatewayFault> } | null = null;

  constructor(deps: SelfTestDeps) {
    this.#deps = deps;
  }

  /** Which test it is: counts how often one began. */
  get run(): number {
    return this.#run;
  }

  /** Begins a test and shows it; one that is shown already begins anew. */
  open(): void {
    this.#stop();
    this.#run += 1;
    const found = new Map<SelfCheck, Found>();
    this.#found = found;
    this.#later(SHOWN_MS, () => this.close());
    this.#show();
    this.#lightUp(0);
    const checks: Readonly<Record<SelfCheck, () => Promise<Found>>> = {
      scanner: () => this.#giveTime(() => this.#lookAtScanner()),
      light: async () => finding(this.#deps.indicator.status().present ? "light_look" : "light_none"),
      sound: async () => finding("sound_listen"),
      beacon: () => this.#giveTime(() => this.#lookAtBeacon()),
      disk: () => this.#tryDisk(),
      clock: () => this.#compareClock(),
      gateway: () => this.#askGateway(),
    };
    for (const check of SELF_CHECKS) void this.#fill(check, checks[check], found);
  }

  /** Takes the test from the screen. */
  close(): void {
    if (!this.#found) return;
    this.#stop();
    this.#found = null;
    this.#deps.screen.update({ selfTest: null });
  }

  /** A symbol was read: what better proof of a scanner. One that was recorded is a visitor's: the door is his again. */
  scanned(isRecorded: boolean): void {
    if (!this.#found) return;
    if (isRecorded) {
      this.close();
      return;
    }
    this.#cancelLamp(); // from here on the lamps mean what they say
    this.#found.set("scanner", finding("scanner_read"));
    this.#show();
  }

  async #fill(check: SelfCheck, look: () => Promise<Found>, found: Map<SelfCheck, Found>): Promise<void> {
    const line = await look();
    if (this.#found !== found || found.has(check)) return; // another test is on the screen, or better news
    found.set(check, line);
    this.#deps.logger.info("selftest.found", { check, code: line.code });
    this.#show();
  }

  /** A kiosk that has just started is still opening its devices: a fault counts when it lasts. */
  #giveTime(look: () => Found): Promise<Found> {
    const most = DEVICE_WAIT_MS / LOOK_EVERY_MS;
    return new Promise((resolve) => {
      const again = (looks: number): void => {
        const found = look();
        if (SELF_TEST_CODES[found.code] !== "bad" || looks >= most) resolve(found);
        else this.#later(LOOK_EVERY_MS, () => again(looks + 1));
      };
      again(0);
    });
  }

  #lookAtScanner(): Found {
    return finding(this.#deps.scanner.status().present ? "scanner_ready" : "scanner_missing");
  }

  #lookAtBeacon(): Found {
    const { controller, neighbours } = this.#deps.beacon();
    if (controller === "none") return finding("beacon_none");
    if (controller === "off") return finding("beacon_off");
    return finding(neighbours === "heard" ? "beacon_heard" : "beacon_on");
  }

  async #tryDisk(): Promise<Found> {
    try {
      const { medianMs } = await this.#deps.flushTime();
      const freeBytes = await this.#deps.diskFreeBytes();
      const values = { ms: Math.max(1, Math.round(medianMs)), freeMb: Math.floor(freeBytes / MEGABYTE) };
      if (freeBytes < ROOM_BYTES) return finding("disk_full", values);
      return finding(medianMs > SLOW_FLUSH_MS ? "disk_slow" : "disk_ok", values);
    } catch (fault) {
      this.#deps.logger.warn("selftest.disk", faultFields(fault));
      return finding("disk_failed");
    }
  }

  async #compareClock(): Promise<Found> {
    const answer = await this.#gatewayAnswer();
    if (typeof answer === "object") return finding("clock_ok", { offMs: Math.round(Math.abs(answer.offMs)) });
    const { state, uncertaintyMs } = this.#deps.clock.now();
    return state === "unsynced" ? finding("clock_unset") : finding("clock_alone", { ms: Math.round(uncertaintyMs) });
  }

  async #askGateway(): Promise<Found> {
    const answer = await this.#gatewayAnswer();
    if (typeof answer === "string") return finding(answer);
    const ms = Math.max(1, Math.round(answer.roundTripMs));
    return finding(ms > SLOW_GATEWAY_MS ? "gateway_slow" : "gateway_ok", { ms });
  }

  #gatewayAnswer(): Promise<GatewayAnswer | GatewayFault> {
    if (this.#asked?.run !== this.#run) this.#asked = { run: this.#run, answer: this.#waitForGateway() };
    return this.#asked.answer;
  }

  #waitForGateway(): Promise<GatewayAnswer | GatewayFault> {
    return new Promise((resolve) => {
      this.#later(GATEWAY_WAIT_MS, () => resolve(this.#deps.online() ? "gateway_silent" : "gateway_offline"));
      const look = (): void => {
        if (this.#deps.online()) void this.#deps.askGateway().then(resolve);
        else this.#later(LOOK_EVERY_MS, look);
      };
      look();
    });
  }

  #lightUp(at: number): void {
    const lamp = LAMPS[at];
    if (!lamp) return;
    this.#deps.indicator.show(lamp.signal);
    this.#cancelLamp = this.#deps.timers.after(lamp.ms, () => this.#lightUp(at + 1));
  }

  #show(): void {
    const lines = SELF_CHECKS.flatMap((check) => {
      const found = this.#found?.get(check);
      return found ? [{ check, ...found }] : [];
    });
    this.#deps.screen.update({ selfTest: { run: this.#run, lines } });
  }

  #later(ms: number, run: () => void): void {
    this.#cancels.push(this.#deps.timers.after(ms, run));
  }

  #stop(): void {
    this.#cancelLamp();
    for (const cancel of this.#cancels) cancel();
    this.#cancels = [];
  }
}

/** The card, as far as this machine has one to try. */
export function selfTestSource(health: HealthSource): Pick<SelfTestDeps, "flushTime" | "diskFreeBytes"> {
  return {
    flushTime: async () => (await health.flushTime?.()) ?? { medianMs: 0, slowestMs: 0 },
    diskFreeBytes: () => health.diskFreeBytes(),
  };
}

type GatewayFault = "gateway_offline" | "gateway_silent";

function finding(code: SelfTestCode, values: Found["values"] = {}): Found {
  return { code, values };
}
