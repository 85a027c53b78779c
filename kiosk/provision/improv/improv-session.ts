import type { WifiNetwork, WifiSetup } from "../../../firmware/ports/wifi.ts";
import { utf8 } from "../../../protocol/bytes.ts";
import { type ImprovFrame, parseWifiCredentials, type WifiCredentials } from "../../../protocol/improv/rpc.ts";
import {
  IMPROV_COMMAND,
  IMPROV_ERROR,
  IMPROV_STATE,
  type ImprovError,
  type ImprovState,
  SERIAL_REQUEST_STATE,
} from "../../../protocol/improv/values.ts";
import { SECOND_MS } from "../../../protocol/units.ts";
import { faultFields, type Logger } from "../../../runtime/log.ts";
import type { Timers } from "../../../runtime/timers.ts";
import type { ImprovLink } from "./improv-link.ts";

/** How long the button holds, milliseconds. Source: improv-wifi.com, "Improv via BLE": 1 minute is suggested. */
export const AUTHORIZED_MS = 60 * SECOND_MS;
/** Time to join a network, milliseconds: the browser's client gives up after 30 seconds. */
export const JOIN_MS = 25 * SECOND_MS;
const SCAN_MS = 20 * SECOND_MS;

/** What this machine says it is: firmware, its version, hardware, name. */
export type ImprovDevice = readonly [firmware: string, version: string, hardware: string, device: string];

/** Where a session stands. */
export interface ImprovProgress {
  readonly state: ImprovState;
  readonly error: ImprovError;
}

export interface ImprovSessionDeps {
  readonly link: ImprovLink;
  readonly wifi: WifiSetup;
  readonly device: ImprovDevice;
  /** Lights and sounds this machine. */
  readonly identify: () => void;
  /** Told after each change. */
  readonly changed?: (progress: ImprovProgress) => void;
  readonly timers: Timers;
  readonly logger: Logger;
}

/** A conversation by Improv over one line: gives the machine a Wi-Fi, and nothing else. Names and passwords are in no log. */
export class ImprovSession {
  readonly #deps: ImprovSessionDeps;
  readonly #over = new AbortController();
  readonly #commands: ReadonlyMap<number, (data: Uint8Array) => void>;
  #progress: ImprovProgress;
  #cancelRevoke = (): void => {};
  #isScanning = false;

  constructor(deps: ImprovSessionDeps) {
    const { link } = deps;
    const state = link.isOverAir ? IMPROV_STATE.authorizationRequired : IMPROV_STATE.authorized;
    this.#deps = deps;
    this.#progress = { state, error: IMPROV_ERROR.none };
    this.#commands = new Map([
      [IMPROV_COMMAND.sendWifi, (data) => this.#sendWifi(data)],
      link.isOverAir
        ? [IMPROV_COMMAND.identify, () => this.#whileOpen(() => deps.identify())]
        : [SERIAL_REQUEST_STATE, () => this.#tellState()],
      [IMPROV_COMMAND.deviceInfo, () => this.#whileOpen(() => link.result(IMPROV_COMMAND.deviceInfo, deps.device))],
      [IMPROV_COMMAND.scan, () => this.#whileOpen(() => void this.#scan())],
    ] as [number, (data: Uint8Array) => void][]);
  }

  get progress(): ImprovProgress {
    return this.#progress;
  }

  /** Says where it stands, to begin with. */
  open(): void {
    this.#deps.link.state(this.#progress.state);
    this.#deps.link.error(this.#progress.error);
  }

  /** Ends an attempt to join, and answers nothing more. */
  close(): void {
    this.#over.abort();
    this.#cancelRevoke();
  }

  /** Somebody pressed the button: for {@link AUTHORIZED_MS} a client may send a network's name and password. */
  authorize(): void {
    const { state } = this.#progress;
    const isOpen = state === IMPROV_STATE.authorizationRequired || state === IMPROV_STATE.authorized;
    if (isOpen && this.#deps.link.isOverAir && !this.#isOver) this.#authorized();
  }

  /** Takes what a client sent. */
  receive(frame: ImprovFrame): void {
    if (this.#isOver) return;
    if (frame.kind === "broken") {
      this.#fail(IMPROV_ERROR.invalidPacket);
      return;
    }
    this.#fail(IMPROV_ERROR.none);
    const run = this.#commands.get(frame.command);
    if (!run) this.#fail(IMPROV_ERROR.unknownCommand);
    else if (frame.data.length > 0 && frame.command !== IMPROV_COMMAND.sendWifi) this.#fail(IMPROV_ERROR.invalidPacket);
    else run(frame.data);
  }

  get #isOver(): boolean {
    return this.#over.signal.aborted;
  }

  #authorized(): void {
    this.#cancelRevoke();
    if (this.#deps.link.isOverAir) {
      this.#cancelRevoke = this.#deps.timers.after(AUTHORIZED_MS, () =>
        this.#enter(IMPROV_STATE.authorizationRequired),
      );
    }
    this.#enter(IMPROV_STATE.authorized);
  }

  #enter(state: ImprovState): void {
    this.#progress = { ...this.#progress, state };
    this.#deps.link.state(state);
    this.#deps.changed?.(this.#progress);
  }

  #fail(error: ImprovError): void {
    this.#progress = { ...this.#progress, error };
    this.#deps.link.error(error);
    this.#deps.changed?.(this.#progress);
  }

  /** Does what is allowed before and after the button, but not while a network is joined; over a cable also afterwards. */
  #whileOpen(act: () => void): void {
    const { state } = this.#progress;
    const isDone = state === IMPROV_STATE.provisioned && this.#deps.link.isOverAir;
    if (state === IMPROV_STATE.provisioning || isDone) this.#fail(IMPROV_ERROR.unknown);
    else act();
  }

  #tellState(): void {
    const { link } = this.#deps;
    const { state } = this.#progress;
    link.state(state);
    if (state === IMPROV_STATE.provisioned) link.result(IMPROV_COMMAND.sendWifi, []);
  }

  #sendWifi(data: Uint8Array): void {
    if (this.#progress.state === IMPROV_STATE.authorizationRequired) {
      this.#fail(IMPROV_ERROR.notAuthorized);
      return;
    }
    this.#whileOpen(() => {
      const credentials = parseWifiCredentials(data);
      if (credentials) void this.#join(credentials);
      else this.#fail(IMPROV_ERROR.invalidPacket);
    });
  }

  async #join(credentials: WifiCredentials): Promise<void> {
    const { wifi, link, logger } = this.#deps;
    this.#cancelRevoke();
    this.#enter(IMPROV_STATE.provisioning);
    const outcome = await this.#within(JOIN_MS, (signal) => wifi.join(credentials, signal));
    if (this.#isOver) return;
    if (outcome?.kind === "joined") {
      logger.info("improv.joined", {});
      this.#enter(IMPROV_STATE.provisioned);
      link.result(IMPROV_COMMAND.sendWifi, []); // never a list of one empty text, see protocol/FORMATS.md
      return;
    }
    logger.warn("improv.not_joined", { why: outcome?.why ?? "fault" });
    this.#authorized();
    this.#fail(IMPROV_ERROR.unableToConnect);
  }

  /** A second wish while one is open is answered together with it. */
  async #scan(): Promise<void> {
    if (this.#isScanning) return;
    this.#isScanning = true;
    const heard = await this.#within(SCAN_MS, (signal) => this.#deps.wifi.scan(signal));
    this.#isScanning = false;
    if (this.#isOver) return;
    if (heard?.kind === "networks") this.#tellNetworks(strongestFirst(heard.networks));
    else this.#fail(IMPROV_ERROR.unknown);
  }

  #tellNetworks(networks: readonly WifiNetwork[]): void {
    const { link } = this.#deps;
    if (link.isOverAir) {
      const inOne = networks.map(({ ssid, rssi, security }) => [ssid, `${rssi}`, SECURITY[security]]);
      link.result(IMPROV_COMMAND.scan, fitting(inOne, link.resultRoom).flat());
      return;
    }
    for (const { ssid, rssi, security } of networks) {
      link.result(IMPROV_COMMAND.scan, [ssid, `${rssi}`, security === "none" ? "NO" : "YES"]);
    }
    link.result(IMPROV_COMMAND.scan, []);
  }

  /** @returns null when it failed in a way that nobody foresaw */
  async #within<Outcome>(ms: number, work: (signal: AbortSignal) => Promise<Outcome>): Promise<Outcome | null> {
    const late = new AbortController();
    const cancel = this.#deps.timers.after(ms, () => late.abort());
    try {
      return await work(AbortSignal.any([late.signal, this.#over.signal]));
    } catch (fault) {
      this.#deps.logger.error("improv.failed", faultFields(fault));
      return null;
    } finally {
      cancel();
    }
  }
}

const SECURITY = { none: "NO", wep: "WEP", wpa: "WPA", wpa2: "WPA2", wpa3: "WPA3" } as const;

/** One entry a name: several radios of one network are one network. Hidden ones have no name to choose. */
function strongestFirst(networks: readonly WifiNetwork[]): WifiNetwork[] {
  const sorted = networks.filter(({ ssid }) => ssid !== "").sort((a, b) => b.rssi - a.rssi);
  return [...new Map(sorted.toReversed().map((network) => [network.ssid, network])).values()].sort(
    (a, b) => b.rssi - a.rssi,
  );
}

/** As many entries from the first on as fit in `room` bytes. */
function fitting(entries: readonly (readonly string[])[], room: number): readonly (readonly string[])[] {
  let bytes = 0;
  const end = entries.findIndex((texts) => {
    bytes += texts.reduce((sum, text) => sum + 1 + utf8(text).length, 0);
    return bytes > room;
  });
  return end === -1 ? entries : entries.slice(0, end);
}
