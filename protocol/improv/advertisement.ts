import { concatBytes, equalBytes, fromHex } from "../bytes.ts";
import { requireInteger } from "../errors.ts";
import { IMPROV_UUID } from "./values.ts";

/** Bytes of the advertisement: flags 3, service 18, service data 10. It fills a legacy advertisement; a name does not fit. */
export const IMPROV_ADVERTISEMENT_BYTES = 31;

/** Flags: LE general discoverable, no BR/EDR. */
const FLAGS = Uint8Array.of(2, 0x01, 0x06);
/** Complete list of 128-bit services, little endian. */
const SERVICE = concatBytes(Uint8Array.of(17, 0x07), fromHex(IMPROV_UUID.service).reverse());
/** Service data of the 16-bit number 0x4677; then state, capabilities and four zeros. */
const SERVICE_DATA = Uint8Array.of(9, 0x16, 0x77, 0x46);
const RESERVED = new Uint8Array(4);

/** What the machine says to everybody. */
export interface ImprovAdvertisement {
  /** One of IMPROV_STATE. */
  readonly state: number;
  /** Bits of IMPROV_CAPABILITY. */
  readonly capabilities: number;
}

/**
 * Encodes complete advertising data: service and service data must stand in the same advertisement, never in the scan response.
 *
 * @throws {OutOfRangeError} PROTO_OUT_OF_RANGE when a value does not fit a byte
 *
 * Source: improv-wifi.com, "Improv via BLE", Bluetooth LE Advertisement. Byte table: protocol/FORMATS.md, "Improv Wi-Fi".
 */
export function encodeImprovAdvertisement({ state, capabilities }: ImprovAdvertisement): Uint8Array {
  requireInteger("improv state", state, { min: 0, max: 255 });
  requireInteger("improv capabilities", capabilities, { min: 0, max: 255 });
  return concatBytes(FLAGS, SERVICE, SERVICE_DATA, Uint8Array.of(state, capabilities), RESERVED);
}

/** Reads exactly such an advertisement; null for anything else. */
export function parseImprovAdvertisement(payload: Uint8Array): ImprovAdvertisement | null {
  const head = concatBytes(FLAGS, SERVICE, SERVICE_DATA);
  if (payload.length !== IMPROV_ADVERTISEMENT_BYTES || !equalBytes(payload.slice(0, head.length), head)) return null;
  const [state = 0, capabilities = 0] = payload.subarray(head.length);
  return { state, capabilities };
}
