import type { EventEmitter } from "node:events";
import { createRequire } from "node:module";

/** Why this machine has no radio for us. */
export type MissingRadio = "not-installed" | "no-bluetooth" | "no-adapter" | "not-permitted" | "failed";

/** In words for a technician. */
export const MISSING_RADIO: Readonly<Record<MissingRadio, string>> = {
  "not-installed": "the packages for Bluetooth are not installed; run npm install again",
  "no-bluetooth": "this machine's kernel has no Bluetooth",
  "no-adapter": "no Bluetooth adapter; plug one in, or switch on the one of the board",
  "not-permitted": "no permission for Bluetooth; the service needs the capability CAP_NET_RAW",
  failed: "the Bluetooth driver could not be started",
};

/** What may be heard below noble and bleno; both keep it as `_bindings._hci` (noble 1.9, bleno 0.6). */
export interface HciLayer extends EventEmitter {
  readonly _socket: { isDevUp(): boolean; write(packet: Uint8Array): void };
  disconnect(handle: number): void;
}

export interface NobleHci extends HciLayer {
  /** Event `leAdvertisingReport`: status, type, address, "random" or "public", data of this one event, power. */
  on(event: "leAdvertisingReport", heard: (...report: AdvertisingReport) => void): this;
}
export type AdvertisingReport = [number, number, string, string, Uint8Array, number];

/** What this product uses of @abandonware/noble. */
export interface NobleDriver extends EventEmitter {
  /** Asking for the first time takes hold of the adapter, and may throw. */
  readonly state: string;
  readonly _bindings: { readonly _hci: NobleHci };
  startScanning(services: readonly string[], allowDuplicates: boolean): void;
  stopScanning(): void;
}

/** What this product uses of @abandonware/bleno: there is one in a process. */
export interface BlenoDriver extends EventEmitter {
  readonly state: string;
  readonly _bindings: {
    /** The link of the central that is connected; it may be 0. */
    readonly _handle: number | null;
    readonly _hci: HciLayer & { setAdvertisingParameters(): void; setAdvertisingData(data: Uint8Array): void };
  };
  readonly Characteristic: new (wish: GattCharacteristic) => object;
  readonly PrimaryService: new (wish: { readonly uuid: string; readonly characteristics: readonly object[] }) => object;
  setServices(services: readonly object[]): void;
  startAdvertisingWithEIRData(data: Uint8Array, scanResponse: Uint8Array): void;
  stopAdvertising(): void;
}

/** A value that bleno serves. It must be answered by `answer`, once. */
export interface GattCharacteristic {
  /** 32 hexadecimal digits. */
  readonly uuid: string;
  readonly properties: readonly ("read" | "write" | "writeWithoutResponse" | "notify")[];
  readonly onReadRequest?: (offset: number, answer: (code: number, bytes: Uint8Array | null) => void) => void;
  readonly onWriteRequest?: (bytes: Uint8Array, offset: number, quiet: boolean, answer: (code: number) => void) => void;
  /** A central wants to be notified: by `notify`, of so many bytes at a time. */
  readonly onSubscribe?: (room: number, notify: (bytes: Uint8Array) => void) => void;
  readonly onUnsubscribe?: () => void;
}

export type Loaded<Driver> =
  | { readonly kind: "loaded"; readonly driver: Driver }
  | { readonly kind: "missing"; readonly why: MissingRadio };

const require = createRequire(import.meta.url);

/**
 * Loads noble for one adapter. Never throws: on a kernel without Bluetooth the mere loading of these packages does.
 *
 * @param adapter number n of hciN
 */
export function loadNoble(adapter: number): Loaded<NobleDriver> {
  return load(() => {
    const create = require("@abandonware/noble/with-custom-binding") as (o: { deviceId: number }) => NobleDriver;
    return create({ deviceId: adapter });
  });
}

/** Loads bleno for one adapter, the first that is asked for in this process. Never throws. @param adapter number n of hciN */
export function loadBleno(adapter: number): Loaded<BlenoDriver> {
  process.env["BLENO_HCI_DEVICE_ID"] = String(adapter); // its only way to choose
  return load(() => require("@abandonware/bleno") as BlenoDriver);
}

function load<Driver extends { readonly _bindings: { readonly _hci: EventEmitter } }>(
  get: () => Driver,
): Loaded<Driver> {
  try {
    const driver = get();
    // another version may keep its insides elsewhere: say so here, not with a fault in the middle of work
    return typeof driver._bindings._hci.on === "function" ? { kind: "loaded", driver } : FAILED;
  } catch (fault) {
    return { kind: "missing", why: whyMissing(fault) };
  }
}

const FAILED = { kind: "missing", why: "failed" } as const;

/** What a driver's state means, in words for a technician; null when the adapter is ready. */
export function whyNotReady(state: string): string | null {
  if (state === "poweredOn") return null;
  if (state === "unauthorized") return MISSING_RADIO["not-permitted"];
  if (state === "unsupported") return "the Bluetooth adapter is too old: it has no Low Energy";
  return "the Bluetooth adapter is off";
}

/** What a fault of loading or opening a driver means. */
export function whyMissing(fault: unknown): MissingRadio {
  const text = fault instanceof Error ? `${"code" in fault ? fault.code : ""} ${fault.message}` : "";
  if (/MODULE_NOT_FOUND/.test(text)) return "not-installed";
  if (/EAFNOSUPPORT|address family not supported/i.test(text)) return "no-bluetooth";
  if (/ENODEV|no such device/i.test(text)) return "no-adapter";
  if (/EPERM|EACCES|not permitted|permission/i.test(text)) return "not-permitted";
  return "failed";
}
