import { encodeImprovAdvertisement } from "../../../protocol/improv/advertisement.ts";
import { IMPROV_UUID } from "../../../protocol/improv/values.ts";
import { MINUTE_MS } from "../../../protocol/units.ts";
import type { Timers } from "../../../runtime/timers.ts";
import { RadioLostError } from "../../ports/beacon.ts";
import type { ImprovCentral, ImprovRadio, ImprovValues } from "../../ports/improv.ts";
import type { DeviceStatus } from "../../ports/qr-scanner.ts";
import type { BlenoBeacon } from "./bleno-beacon.ts";
import type { BlenoDriver } from "./load-bluetooth.ts";

/** Room of a notification before a central asked for more: 23 bytes less opcode and handle. Source: Bluetooth Core 5.4, Vol 3, Part F, 3.4.7. */
const FIRST_ROOM = 20;
const NOTIFICATION_HEAD = 3;
/** A central that stays for so long is in the way of another one, milliseconds. */
const LONGEST_LINK_MS = 5 * MINUTE_MS;
const ATT = { ok: 0x00, invalidOffset: 0x07 } as const;

type Told = "state" | "error" | "result";

/** Improv's GATT service by @abandonware/bleno. The beacon of the same adapter lends it the advertising; both at once is not possible. */
export class BlenoImprov implements ImprovRadio {
  readonly #bleno: BlenoDriver;
  readonly #beacon: BlenoBeacon;
  readonly #timers: Timers;
  #open: { values: ImprovValues; readonly central: ImprovCentral } | null = null;
  #notify = new Map<Told, (bytes: Uint8Array) => void>();
  #unsubscribe: (() => void)[] = [];
  #cancelDrop = (): void => {};

  constructor(bleno: BlenoDriver, beacon: BlenoBeacon, timers: Timers) {
    this.#bleno = bleno;
    this.#beacon = beacon;
    this.#timers = timers;
  }

  get isOpen(): boolean {
    return this.#open !== null;
  }

  async open(values: ImprovValues, central: ImprovCentral): Promise<void> {
    if (!this.#open) this.#listen();
    this.#open = { values, central };
    this.#bleno.setServices([this.#service()]);
    await this.#beacon.admit(true);
    await this.#advertise();
  }

  tell(what: Told, bytes: Uint8Array): void {
    if (!this.#open) return;
    const value = what === "result" ? bytes.slice() : (bytes[0] ?? 0);
    this.#open.values = { ...this.#open.values, [what]: value };
    this.#notify.get(what)?.(Buffer.from(bytes));
    if (what === "state") this.#advertiseAgain();
  }

  status(): DeviceStatus {
    if (!this.#open) return { present: false, reason: "no set-up by Bluetooth" };
    return this.#beacon.isLinked ? { present: true } : this.#beacon.status();
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = null;
    this.#cancelDrop();
    for (const off of this.#unsubscribe.splice(0)) off();
    await this.#beacon.admit(false);
    this.#bleno.setServices([]);
  }

  #listen(): void {
    this.#on("accept", () => {
      this.#open?.central.room(FIRST_ROOM);
      this.#cancelDrop = this.#timers.after(LONGEST_LINK_MS, () => this.#beacon.drop());
    });
    this.#on("mtuChange", (mtu) => this.#open?.central.room(Number(mtu) - NOTIFICATION_HEAD));
    this.#on("disconnect", () => {
      this.#cancelDrop();
      this.#notify.clear();
      this.#open?.central.left();
      this.#advertiseAgain();
    });
  }

  #on(event: string, heard: (value: unknown) => void): void {
    this.#bleno.on(event, heard);
    this.#unsubscribe.push(() => this.#bleno.off(event, heard));
  }

  async #advertise(): Promise<void> {
    if (this.#open) await this.#beacon.advertise(encodeImprovAdvertisement(this.#open.values));
  }

  #advertiseAgain(): void {
    this.#advertise().catch((fault: unknown) => {
      if (!(fault instanceof RadioLostError)) throw fault;
      // the status says that nothing is sent, and whoever watches it opens again
    });
  }

  #service(): object {
    const { Characteristic, PrimaryService } = this.#bleno;
    const told = (what: Told): object =>
      new Characteristic({
        uuid: IMPROV_UUID[what],
        properties: ["read", "notify"],
        onReadRequest: (offset, answer) => this.#read(what, offset, answer),
        onSubscribe: (_room, notify) => this.#notify.set(what, notify),
        onUnsubscribe: () => this.#notify.delete(what),
      });
    const command = new Characteristic({
      uuid: IMPROV_UUID.command,
      properties: ["write", "writeWithoutResponse"],
      onWriteRequest: (bytes, _offset, _quiet, answer) => {
        answer(ATT.ok); // first, so that a client gets it before the notifications that its write brings about
        this.#open?.central.written(Uint8Array.from(bytes));
      },
    });
    const capabilities = new Characteristic({
      uuid: IMPROV_UUID.capabilities,
      properties: ["read"],
      onReadRequest: (offset, answer) => this.#read("capabilities", offset, answer),
    });
    const characteristics = [told("state"), told("error"), command, told("result"), capabilities];
    return new PrimaryService({ uuid: IMPROV_UUID.service, characteristics });
  }

  #read(what: keyof ImprovValues, offset: number, answer: (code: number, bytes: Uint8Array | null) => void): void {
    const value = this.#open?.values[what] ?? 0;
    const bytes = Buffer.from(typeof value === "number" ? [value] : value);
    if (offset > bytes.length) answer(ATT.invalidOffset, null);
    else answer(ATT.ok, bytes.subarray(offset));
  }
}
