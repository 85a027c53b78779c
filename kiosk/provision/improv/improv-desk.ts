import type { ByteLine, ImprovRadio } from "../../../firmware/ports/improv.ts";
import type { Indicator } from "../../../firmware/ports/indicator.ts";
import type { WifiSetup } from "../../../firmware/ports/wifi.ts";
import type { WifiProgress } from "../../../protocol/http/kiosk-screen.ts";
import { IMPROV_ERROR, IMPROV_STATE } from "../../../protocol/improv/values.ts";
import { SECOND_MS } from "../../../protocol/units.ts";
import { faultFields, type Logger } from "../../../runtime/log.ts";
import { every, type Timers } from "../../../runtime/timers.ts";
import type { KioskScreen } from "../../screen/screen-port.ts";
import { AUTHORIZED_MS, type ImprovDevice, type ImprovProgress, ImprovSession } from "./improv-session.ts";
import { RadioImprovLink } from "./radio-link.ts";
import { SerialImprovLink } from "./serial-link.ts";

/** How often a Wi-Fi that is not there is looked for: at start NetworkManager may come later than the kiosk. */
const LOOK_MS = 10 * SECOND_MS;
/** Time for a phone to read that it worked, before nobody can connect any more, milliseconds. */
const FAREWELL_MS = 10 * SECOND_MS;

export interface ImprovDeskDeps {
  /** Null: not by Bluetooth. */
  readonly radio: ImprovRadio | null;
  /** Null: not by cable. */
  readonly line: ByteLine | null;
  readonly wifi: WifiSetup;
  readonly device: ImprovDevice;
  readonly indicator: Indicator;
  readonly screen: KioskScreen;
  readonly timers: Timers;
  readonly logger: Logger;
}

/** Takes a Wi-Fi for a kiosk without papers, by Bluetooth and by cable; the button, the lamps and the screen belong to it. */
export class ImprovDesk {
  readonly #deps: ImprovDeskDeps;
  readonly #over = new AbortController();
  #air: { readonly link: RadioImprovLink; readonly session: ImprovSession } | null = null;
  #cable: ImprovSession | null = null;
  #serving: Promise<void> = Promise.resolve();
  #turn: Promise<void> = Promise.resolve();
  #stopLooking = (): void => {};
  #stopCounting = (): void => {};
  #cancelFarewell = (): void => {};
  #offButton = (): void => {};
  #leftSeconds = 0;
  #isOpen = false;

  constructor(deps: ImprovDeskDeps) {
    this.#deps = deps;
  }

  /** Opens what is configured as soon as there is a Wi-Fi to set up. */
  open(): void {
    const { radio, line, timers, indicator } = this.#deps;
    if (!radio && !line) return;
    this.#stopLooking = every(timers, LOOK_MS, () => this.#look());
    if (radio) this.#offButton = indicator.onButton(() => this.#inTurn(() => this.#pressed()));
    this.#look();
  }

  /** Ends everything; afterwards nobody can connect. */
  async close(): Promise<void> {
    this.#over.abort();
    this.#stopLooking();
    this.#offButton();
    this.#cable?.close();
    await this.#turn;
    await this.#closeAir();
    await this.#serving;
  }

  #look(): void {
    this.#inTurn(async () => {
      const { wifi, logger, radio, line } = this.#deps;
      if (this.#isOpen) return;
      const status = await wifi.status();
      if (this.#over.signal.aborted) return;
      if (!status.present) {
        logger.warn("improv.no_wifi", { reason: status.reason });
        this.#tell({ step: "unavailable" });
        return;
      }
      this.#isOpen = true;
      this.#stopLooking();
      if (line) this.#openCable(line);
      if (radio) await this.#openAir(radio);
      this.#tell({ step: "waiting" });
    });
  }

  #openCable(line: ByteLine): void {
    const link = new SerialImprovLink(line, this.#deps.timers);
    const session = this.#session(link);
    this.#cable = session;
    this.#serving = link.serve((frame) => session.receive(frame), this.#over.signal);
  }

  async #openAir(radio: ImprovRadio): Promise<void> {
    const link = new RadioImprovLink(radio, this.#deps.timers);
    const session = this.#session(link);
    this.#air = { link, session };
    await link.open((frame) => session.receive(frame));
    session.open();
  }

  async #closeAir(): Promise<void> {
    this.#cancelFarewell();
    this.#stopCounting();
    const air = this.#air;
    this.#air = null;
    air?.session.close();
    await air?.link.close();
  }

  /** The button: for a minute a phone may send a network. Once one was joined, the first press opens the set-up again. */
  async #pressed(): Promise<void> {
    const { radio } = this.#deps;
    if (!radio || !this.#isOpen || this.#over.signal.aborted) return;
    if (this.#air?.session.progress.state === IMPROV_STATE.provisioned) await this.#closeAir();
    if (!this.#air) await this.#openAir(radio);
    this.#air?.session.authorize();
    if (this.#air?.session.progress.state === IMPROV_STATE.authorized) this.#count();
  }

  #session(link: RadioImprovLink | SerialImprovLink): ImprovSession {
    const { wifi, device, indicator, timers, logger } = this.#deps;
    const identify = (): void => indicator.show("identify");
    let last: ImprovProgress = { state: IMPROV_STATE.authorizationRequired, error: IMPROV_ERROR.none };
    const changed = (now: ImprovProgress): void => {
      if (now.state !== last.state || now.error === IMPROV_ERROR.unableToConnect) this.#show(link, now, last);
      last = now;
    };
    return new ImprovSession({ link, wifi, device, identify, changed, timers, logger });
  }

  #show(link: RadioImprovLink | SerialImprovLink, now: ImprovProgress, last: ImprovProgress): void {
    const { indicator } = this.#deps;
    this.#stopCounting();
    if (now.error === IMPROV_ERROR.unableToConnect) {
      indicator.show("denied");
      this.#tell({ step: "failed" });
    } else if (now.state === IMPROV_STATE.provisioned) {
      indicator.show("in");
      this.#tell({ step: "joined" });
      if (link.isOverAir) this.#farewell();
    } else if (now.state === IMPROV_STATE.provisioning) {
      this.#tell({ step: "joining" });
    } else if (now.state === IMPROV_STATE.authorized && link.isOverAir) {
      if (last.state === IMPROV_STATE.authorizationRequired) indicator.show("out");
    } else {
      this.#tell({ step: "waiting" });
    }
  }

  #count(): void {
    this.#stopCounting();
    this.#leftSeconds = AUTHORIZED_MS / SECOND_MS;
    const tell = (): void => this.#tell({ step: "authorized", leftSeconds: this.#leftSeconds });
    tell();
    this.#stopCounting = every(this.#deps.timers, SECOND_MS, () => {
      this.#leftSeconds = Math.max(0, this.#leftSeconds - 1);
      tell();
    });
  }

  #farewell(): void {
    this.#cancelFarewell = this.#deps.timers.after(FAREWELL_MS, () => this.#inTurn(() => this.#closeAir()));
  }

  #tell(progress: Pick<WifiProgress, "step"> & { readonly leftSeconds?: number }): void {
    const { screen, radio, line } = this.#deps;
    screen.update({ wifi: { leftSeconds: 0, ...progress, bluetooth: radio !== null, cable: line !== null } });
  }

  #inTurn(work: () => Promise<void>): void {
    this.#turn = this.#turn.then(work).catch((fault: unknown) => {
      this.#deps.logger.error("improv.failed", faultFields(fault));
    });
  }
}
