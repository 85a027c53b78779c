import type { BoottimeMs, Dbm } from "../../protocol/units.ts";
import type { DeviceStatus } from "./qr-scanner.ts";

/** Most bytes that a legacy advertisement carries. Source: Bluetooth Core 5.4, Vol 6, Part B, 2.3.1.1. */
export const MAX_ADVERTISEMENT_BYTES = 31;

/** Sends one advertisement over and over. */
export interface BeaconTx {
  /**
   * Advertises `payload` in place of what was advertised before, at once.
   *
   * @param payload complete advertising data, 1 to {@link MAX_ADVERTISEMENT_BYTES} bytes
   */
  advertise(payload: Uint8Array): Promise<void>;
  stop(): Promise<void>;
  /** `present` means: the controller says that advertising is on. */
  status(): DeviceStatus;
  close(): Promise<void>;
}

/** One advertisement as it was heard. */
export interface Sighting {
  /** The sender's address, 6 bytes; never leaves the process. */
  readonly address: Uint8Array;
  readonly isRandomAddress: boolean;
  readonly rssi: Dbm;
  readonly at: { readonly boottimeMs: BoottimeMs };
  /** Complete advertising data of this one event, never merged with an earlier one. */
  readonly payload: Uint8Array;
}

/** Listens for advertisements. */
export interface BeaconRx {
  /** Sightings until `signal` aborts; the radio listens while this is iterated. Never throws for anything that was heard. */
  sightings(signal: AbortSignal): AsyncIterable<Sighting>;
  status(): DeviceStatus;
}
