import type { Rng } from "../rng.ts";
import { ADVERTISING } from "./air.ts";
import type { Controller } from "./controller.ts";
import { ScriptedDevice } from "./scripted-device.ts";

/** Two highest bits of a random address. Source: Bluetooth Core 5.4, Vol 6, Part B, 1.3.2. */
const NON_RESOLVABLE = 0x00;
const STATIC = 0xc0;
const TEN_MINUTES_MS = 600_000;

export interface RotatingSenderOptions {
  /** Complete advertising data from now on, asked for at each change. @param nowMs time of the air */
  readonly payload: (nowMs: number) => Uint8Array;
  readonly rng: Rng;
  /** Time until the next change, milliseconds; asked for at each change. Default: ten minutes. */
  readonly everyMs?: () => number;
  /** What a phone does: an address that nobody can link, a new one at each change. Else one for life. */
  readonly newAddresses: boolean;
  readonly intervalMs: number;
  readonly type?: number;
}

/** A phone or a tag that changes what it says now and then, and with it its address. */
export class RotatingSender {
  readonly device: ScriptedDevice;
  readonly #options: RotatingSenderOptions;
  readonly #address: Uint8Array;
  #cancel = (): void => {};

  constructor(controller: Controller, options: RotatingSenderOptions) {
    this.device = new ScriptedDevice(controller);
    this.#options = options;
    this.#address = randomAddress(options.rng, STATIC);
  }

  start(): void {
    const { rng, newAddresses, everyMs = () => TEN_MINUTES_MS, payload, intervalMs, type } = this.#options;
    const { clock } = this.device.controller.air;
    this.#cancel();
    this.device.advertise({
      payload: payload(clock.now()),
      address: newAddresses ? randomAddress(rng, NON_RESOLVABLE) : this.#address,
      intervalMs,
      type: type ?? ADVERTISING.silent,
    });
    this.#cancel = clock.after(everyMs(), () => this.start());
  }

  stop(): void {
    this.#cancel();
    this.device.silence();
  }
}

interface PhoneOptions {
  readonly rng: Rng;
  /** The identifier of an instant. */
  readonly id: (nowMs: number) => Uint8Array;
}

/** A phone with Exposure Notification: 16 + 4 bytes in service data 0xFD6F, every 250 ms, changed after 10 to 20 minutes. */
export function gaenPhone(
  controller: Controller,
  options: PhoneOptions & { readonly metadata: Uint8Array },
): RotatingSender {
  const { rng, id, metadata } = options;
  return new RotatingSender(controller, {
    rng,
    payload: (nowMs) => gaenPayload(id(nowMs), metadata),
    everyMs: () => rng.integer(TEN_MINUTES_MS, 2 * TEN_MINUTES_MS),
    newAddresses: true,
    intervalMs: 250,
  });
}

/** An Android phone with Bluezone: service 0x4E56 and 12 bytes under company 0x22B5, connectable, changed every quarter of an hour. */
export function bluezonePhone(controller: Controller, { rng, id }: PhoneOptions): RotatingSender {
  return new RotatingSender(controller, {
    rng,
    payload: (nowMs) => bluezonePayload(id(nowMs)),
    everyMs: () => 900_000,
    newAddresses: true,
    intervalMs: 250,
    type: ADVERTISING.connectable,
  });
}

/** A token: our advertisement in a tag that keeps its address, once a second. */
export function tokenTag(
  controller: Controller,
  options: { readonly rng: Rng; readonly payload: (nowMs: number) => Uint8Array },
): RotatingSender {
  return new RotatingSender(controller, { ...options, newAddresses: false, intervalMs: 1_000 });
}

/** Flags, the service, and its data. @param id 16 bytes @param metadata 4 bytes */
export function gaenPayload(id: Uint8Array, metadata: Uint8Array): Uint8Array {
  return Uint8Array.from([2, 1, 0x1a, 3, 3, 0x6f, 0xfd, 0x17, 0x16, 0x6f, 0xfd, ...id, ...metadata]);
}

/** @param id 12 bytes */
export function bluezonePayload(id: Uint8Array): Uint8Array {
  return Uint8Array.from([2, 1, 2, 3, 3, 0x56, 0x4e, 0x0f, 0xff, 0xb5, 0x22, ...id]);
}

function randomAddress(rng: Rng, kind: number): Uint8Array {
  const address = rng.bytes(6);
  address[5] = kind | ((address[5] ?? 0) & 0x3f);
  return address;
}
