import { requireInteger } from "../../../protocol/errors.ts";
import { every, type Timers } from "../../../runtime/timers.ts";
import { type BeaconTx, MAX_ADVERTISEMENT_BYTES, RadioLostError } from "../../ports/beacon.ts";
import type { DeviceStatus } from "../../ports/qr-scanner.ts";
import { type BlenoDriver, MISSING_RADIO, type MissingRadio, whyMissing, whyNotReady } from "./load-bluetooth.ts";

/** How often the controller is asked whether it advertises, milliseconds. */
const ASK_MS = 5_000;
/** Time that a controller gets for an answer, milliseconds. */
const ANSWER_MS = 3_000;
/**
 * LE Set Advertising Parameters: every 100 ms, not connectable, public address, three channels. Source: Bluetooth Core 5.4, Vol 4, Part E,
 * 7.8.5.
 */
const NOT_CONNECTABLE = Uint8Array.of(1, 0x06, 0x20, 15, 0xa0, 0, 0xa0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0);
/** The controller's answer to new advertising parameters while it advertises. Source: Bluetooth Core 5.4, Vol 4, Part E, 7.8.5. */
const COMMAND_DISALLOWED = 0x0c;

export interface BlenoBeaconDeps {
  readonly timers: Timers;
  /** Called when the controller leaves a question without answer: only a new start helps. */
  readonly onHung?: () => void;
  readonly askMs?: number;
}

type Answer = "ok" | "refused" | "off" | "silent";

/**
 * Sends by @abandonware/bleno on a raw HCI socket.
 *
 * bleno does not notice when a controller forgets that it should advertise (a reset by another program, an adapter that was down for less
 * than a second). No command reads that state; but parameters may not be set while advertising is on, so setting the same ones again asks.
 */
export class BlenoBeacon implements BeaconTx {
  readonly #bleno: BlenoDriver;
  readonly #deps: BlenoBeaconDeps;
  #missing: MissingRadio | null = null;
  #sending = false;
  #hung = false;
  #closed = false;
  #admits = false;
  #stopAsking = (): void => {};
  #unsubscribe: (() => void)[] = [];
  #last: Promise<unknown> = Promise.resolve();

  constructor(bleno: BlenoDriver, deps: BlenoBeaconDeps) {
    this.#bleno = bleno;
    this.#deps = deps;
  }

  /** Takes hold of the adapter. @returns why it could not */
  open(): MissingRadio | null {
    this.#chooseParameters();
    try {
      // the first listener of this event is what makes bleno open its socket
      this.#on("stateChange", (state) => {
        if (state !== "poweredOn") this.#sending = false;
      });
    } catch (fault) {
      this.#missing = whyMissing(fault);
      return this.#missing;
    }
    // a connection silences the beacon
    this.#on("accept", () => {
      if (!this.#admits) this.drop();
    });
    this.#stopAsking = every(this.#deps.timers, this.#deps.askMs ?? ASK_MS, () => void this.#check());
    return null;
  }

  async advertise(payload: Uint8Array): Promise<void> {
    // bleno would take more and answer with a success that belongs to another call
    requireInteger("advertisement bytes", payload.length, { min: 1, max: MAX_ADVERTISEMENT_BYTES });
    const bytes = Buffer.from(payload);
    await this.#inTurn(() => this.#advertise(bytes));
  }

  async stop(): Promise<void> {
    await this.#inTurn(() => this.#stop());
  }

  /**
   * Lets centrals connect, or nobody, from the next `advertise` on; falls silent until then. While one is connected nothing is sent and
   * `advertise` only changes what will be; who is connected when it ends is dropped.
   */
  async admit(on: boolean): Promise<void> {
    await this.#inTurn(async () => {
      if (on === this.#admits) return;
      await this.#stop();
      this.#admits = on;
      this.#chooseParameters();
      if (!on) this.drop();
    });
  }

  /** Whether a central is connected. */
  get isLinked(): boolean {
    return this.#bleno._bindings._handle !== null;
  }

  /** Ends the link of the central that is connected. */
  drop(): void {
    const { _handle: handle, _hci: hci } = this.#bleno._bindings;
    if (handle !== null) hci.disconnect(handle); // bleno's own disconnect leaves a link with handle 0 alone
  }

  status(): DeviceStatus {
    const reason = this.#whyAbsent() ?? (this.#sending ? null : "nothing is advertised");
    return reason === null ? { present: true } : { present: false, reason };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    await this.stop();
    this.#closed = true;
    this.#stopAsking();
    for (const off of this.#unsubscribe) off();
  }

  #whyAbsent(): string | null {
    if (this.#missing) return MISSING_RADIO[this.#missing];
    if (this.#closed) return "the beacon was switched off";
    if (this.#hung) return "the Bluetooth controller does not answer";
    return whyNotReady(this.#bleno.state);
  }

  async #advertise(bytes: Uint8Array): Promise<void> {
    const absent = this.#hung ? null : this.#whyAbsent();
    if (absent !== null) throw new RadioLostError(absent);
    if (this.isLinked && this.#admits) {
      // a second central would take the first one's place in bleno; it advertises again by itself when this one leaves
      this.#bleno._bindings._hci.setAdvertisingData(bytes);
      return;
    }
    const events = { done: "advertisingStart", failed: "advertisingStartError" };
    if (!this.#sending) this.#bleno._bindings._hci.setAdvertisingParameters(); // while it sends they may not change
    const answer = await this.#await(events, () => this.#bleno.startAdvertisingWithEIRData(bytes, Buffer.alloc(0)));
    // what noble sends on the same adapter can make bleno believe too early that it advertises; the controller knows
    const asked = answer === "ok" ? await this.#ask() : answer;
    const final = asked === "refused" && this.#admits && this.isLinked ? "ok" : asked; // a central was quick
    this.#heardBack(final);
    this.#sending = final === "ok";
    if (final !== "ok") throw new RadioLostError("the Bluetooth adapter did not advertise", { answer: final });
  }

  async #check(): Promise<void> {
    await this.#inTurn(async () => {
      if (!this.#sending || this.isLinked) return;
      const answer = await this.#ask();
      this.#sending &&= answer === "ok";
      this.#heardBack(answer);
    });
  }

  /** Asks the controller whether it advertises. */
  #ask(): Promise<Answer> {
    const hci = this.#bleno._bindings._hci;
    return new Promise((resolve) => {
      const finish = (answer: Answer): void => {
        cancel();
        hci.off("leAdvertisingParametersSet", told);
        resolve(answer);
      };
      const told = (status: number): void => finish(status === COMMAND_DISALLOWED ? "ok" : "refused");
      const cancel = this.#deps.timers.after(ANSWER_MS, () =>
        finish(this.#bleno.state === "poweredOn" ? "silent" : "off"),
      );
      hci.on("leAdvertisingParametersSet", told);
      hci.setAdvertisingParameters();
    });
  }

  #heardBack(answer: Answer): void {
    this.#hung = answer === "silent";
    if (this.#hung) this.#deps.onHung?.();
  }

  /**
   * bleno always lets centrals connect. Here nobody may, but for a set-up: a link silences the beacon, and its end breaks Linux 6.1 (BUG in
   * hci_chan_del, by the L2CAP sockets that the driver opens for each link).
   */
  #chooseParameters(): void {
    const hci = this.#bleno._bindings._hci;
    if (this.#admits)
      Reflect.deleteProperty(hci, "setAdvertisingParameters"); // bleno's own come back
    else hci.setAdvertisingParameters = () => hci._socket.write(Buffer.from(NOT_CONNECTABLE));
  }

  async #stop(): Promise<void> {
    this.#sending = false;
    if (this.#bleno.state !== "poweredOn") return;
    await this.#await({ done: "advertisingStop" }, () => this.#bleno.stopAdvertising());
  }

  /** Does something, and waits until bleno says how it went, the adapter goes off, or nothing comes. */
  #await(events: { readonly done: string; readonly failed?: string }, act: () => void): Promise<Answer> {
    return new Promise((resolve) => {
      const listeners: (readonly [string, (state?: unknown) => void])[] = [
        [events.done, () => finish("ok")],
        ["stateChange", () => finish("off")],
      ];
      if (events.failed) listeners.push([events.failed, () => finish("refused")]);
      const cancel = this.#deps.timers.after(ANSWER_MS, () => finish("silent"));
      const finish = (answer: Answer): void => {
        cancel();
        for (const [event, heard] of listeners) this.#bleno.off(event, heard);
        resolve(answer);
      };
      for (const [event, heard] of listeners) this.#bleno.on(event, heard);
      try {
        act();
      } catch {
        finish("refused"); // a socket of an adapter that went away throws at once
      }
    });
  }

  #on(event: string, heard: (value: unknown) => void): void {
    this.#bleno.on(event, heard);
    this.#unsubscribe.push(() => this.#bleno.off(event, heard));
  }

  /** One exchange with the controller at a time, so that each gets its own answer. */
  #inTurn<Value>(act: () => Promise<Value>): Promise<Value> {
    const turn = this.#last.then(act, act);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
