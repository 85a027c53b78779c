import type { BoottimeMs } from "../../protocol/units.ts";

/** Most bytes that one QR code can hold: version 40-L in numeric mode. Source: ISO/IEC 18004:2015, table 7. */
export const MAX_SYMBOL_BYTES = 7089;

/** One symbol as a scanner sent it: suffix, prefix, STX/ETX and AIM identifier already taken off. */
export interface RawScan {
  readonly bytes: Uint8Array;
  /** When the last byte arrived. */
  readonly at: { readonly boottimeMs: BoottimeMs };
  /** The symbol was longer than {@link MAX_SYMBOL_BYTES}; `bytes` is empty. */
  readonly overflow?: boolean;
}

/** Whether a device is there, and if not, why, in words for a technician. */
export type DeviceStatus = { readonly present: true } | { readonly present: false; readonly reason: string };

/** A scanner at the door. It finds its device again by itself when it is unplugged and plugged in. */
export interface QrScanner {
  /**
   * Symbols in the order presented, until `signal` aborts. Never throws for anything that was scanned, nor for a missing device.
   *
   * The device is held while this is iterated; one iteration at a time.
   *
   * @param heard called when the first bytes of a symbol arrive, before it is whole: time for a click
   */
  scans(signal: AbortSignal, heard?: () => void): AsyncIterable<RawScan>;
  status(): DeviceStatus;
}
