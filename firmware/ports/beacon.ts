import { BluepostError } from "../../protocol/errors.ts";
import type { BoottimeMs, Dbm } from "../../protocol/units.ts";
import type { DeviceStatus } from "./qr-scanner.ts";

/** Most bytes that a legacy advertisement carries. Source: Bluetooth Core 5.4, Vol 6, Part B, 2.3.1.1. */
export const MAX_ADVERTISEMENT_BYTES = 31;

/** The radio is not there, or its controller refused. Trying again later may help; nothing but the radio is affected. */
export class RadioLostError extends BluepostError {
  readonly code = "FW_RADIO_LOST";
  readonly recovery = "retry";
}

/** Sends one advertisement over and over. */
export interface BeaconTx {
  /**
   * Advertises `payload` in place of what was advertised before, at once; resolves when the controller took it. It does not start again
   * by itself when the radio was away: the caller watches `status` and calls again.
   *
   * @param payload complete advertising data, 1 to {@link MAX_ADVERTISEMENT_BYTES} bytes; copied
   * @throws {OutOfRangeError} PROTO_OUT_OF_RANGE for another length: then what was advertised before goes on
   * @throws {RadioLostError} FW_RADIO_LOST when there is no radio or it refuses
   */
  advertise(payload: Uint8Array): Promise<void>;
  /** Falls silent; never rejects. */
  stop(): Promise<void>;
  /** `present` means: the controller says that advertising is on. */
  status(): DeviceStatus;
  /** Falls silent for good; may be called twice. */
  close(): Promise<void>;
}

/** One advertisement as it was heard. */
export interface Sighting {
  /** The sender's address, 6 bytes; never leaves the process. */
  readonly address: Uint8Array;
  readonly isRandomAddress: boolean;
  /** Of several, the strongest. */
  readonly rssi: Dbm;
  /** Of several, the first. */
  readonly at: { readonly boottimeMs: BoottimeMs };
  /** Complete advertising data of this one event, never merged with an earlier one. */
  readonly payload: Uint8Array;
  /** Absent: one event. Else this stands for `n` events, in a few seconds, of one sender with one and the same payload. */
  readonly folded?: { readonly n: number; readonly rssiMean: Dbm; readonly lastMs: BoottimeMs };
}

/** Listens for advertisements. */
export interface BeaconRx {
  /**
   * Sightings until `signal` aborts, also the same again and again; the radio listens while this is iterated, one iteration at a time.
   * Never throws for anything that was heard, nor for a missing radio: it waits for it.
   */
  sightings(signal: AbortSignal): AsyncIterable<Sighting>;
  /** `present` means: there is a radio that can listen. */
  status(): DeviceStatus;
}
