import { EVENT, PACKET, read16 } from "./hci.ts";

const LEGACY_REPORT = 0x02;
const EXTENDED_REPORT = 0x0d;
const LEGACY_SCAN_RESPONSE = 4;
/** Bits of an extended report's type. Source: Bluetooth Core 5.4, Vol 4, Part E, 7.7.65.13. */
const EXTENDED_SCAN_RESPONSE = 0x08;
const EXTENDED_HEAD = 24;

/** One advertisement as a controller reported it. */
export interface AdvertisingReport {
  /** 6 bytes as on the wire. */
  readonly address: Uint8Array;
  readonly isRandomAddress: boolean;
  readonly payload: Uint8Array;
  readonly rssi: number;
  /** An answer to an active scan; not what the sender advertises. */
  readonly isScanResponse: boolean;
}

/** The advertising reports of an event, legacy or extended; none for any other packet, and none from where one is malformed. */
export function reportsOf(packet: Uint8Array): readonly AdvertisingReport[] {
  if (packet[0] !== PACKET.event || packet[1] !== EVENT.leMeta) return [];
  const end = Math.min(packet.length, 3 + (packet[2] ?? 0));
  const read = packet[3] === LEGACY_REPORT ? legacy : packet[3] === EXTENDED_REPORT ? extended : null;
  const reports: AdvertisingReport[] = [];
  let at = 5;
  for (let left = read ? (packet[4] ?? 0) : 0; left > 0; left -= 1) {
    const one = read?.(packet.subarray(at, end));
    if (!one) break;
    reports.push(one.report);
    at += one.length;
  }
  return reports;
}

interface OneReport {
  readonly report: AdvertisingReport;
  readonly length: number;
}

function legacy(bytes: Uint8Array): OneReport | null {
  const size = bytes[8] ?? 0;
  const length = 10 + size;
  if (bytes.length < length) return null;
  return {
    length,
    report: {
      address: bytes.slice(2, 8),
      isRandomAddress: (bytes[1] ?? 0) % 2 === 1,
      payload: bytes.slice(9, 9 + size),
      rssi: signed(bytes[9 + size]),
      isScanResponse: bytes[0] === LEGACY_SCAN_RESPONSE,
    },
  };
}

function extended(bytes: Uint8Array): OneReport | null {
  const size = bytes[23] ?? 0;
  const length = EXTENDED_HEAD + size;
  if (bytes.length < length) return null;
  return {
    length,
    report: {
      address: bytes.slice(3, 9),
      isRandomAddress: (bytes[2] ?? 0) % 2 === 1,
      payload: bytes.slice(EXTENDED_HEAD, length),
      rssi: signed(bytes[13]),
      isScanResponse: (read16(bytes, 0) & EXTENDED_SCAN_RESPONSE) !== 0,
    },
  };
}

function signed(byte = 0): number {
  return (byte << 24) >> 24;
}
