import type { BoottimeMs } from "../../protocol/units.ts";

/** One symbol as a scanner sent it: suffix, prefix, STX/ETX and AIM identifier already taken off. */
export interface RawScan {
  readonly bytes: Uint8Array;
  /** When the last byte arrived. */
  readonly at: { readonly boottimeMs: BoottimeMs };
  /** The symbol was longer than any QR code; `bytes` is empty. */
  readonly overflow?: boolean;
}

/** Whether a device is there, and if not, why, in words for a technician. */
export type DeviceStatus = { readonly present: true } | { readonly present: false; readonly reason: string };

/** A scanner at the door. It finds its device again by itself when it is unplugged and plugged in. */
export interface QrScanner {
  /** Symbols in the order presented, until `signal` aborts. Never throws for anything that was scanned. */
  scans(signal: AbortSignal): AsyncIterable<RawScan>;
  status(): DeviceStatus;
}
