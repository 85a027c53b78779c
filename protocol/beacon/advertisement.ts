import { concatBytes } from "../bytes.ts";
import { MalformedError, requireInteger } from "../errors.ts";
import type { Dbm } from "../units.ts";
import { BLUEZONE_ID_BYTES } from "./bluezone.ts";
import { GAEN_ID_BYTES, GAEN_METADATA_BYTES } from "./gaen.ts";
import { ROTATING_ID_BYTES } from "./rotating-id.ts";

/** Bytes of our advertisement: flags 3, manufacturer data 27. A legacy advertisement carries 31. */
export const ADVERTISEMENT_BYTES = 30;
/** Bytes by which a kiosk tells one neighbour that it was heard. */
export const ECHO_BYTES = 3;

/** Bluetooth's company number for tests, until one is assigned. */
const COMPANY_ID = 0xffff;
const MAGIC = [0x42, 0x50] as const; // "BP"
const VERSION = 1;
const TYPES = { kiosk: 1, token: 2 } as const;
/** What the transmit power reads as when it is unknown. */
const NO_TX_POWER = 0x7f;
const MAX_HEARD_BYTES = 31;

const AD_FLAGS = 0x01;
const AD_UUIDS_16_MORE = 0x02;
const AD_UUIDS_16 = 0x03;
const AD_SERVICE_DATA_16 = 0x16;
const AD_MANUFACTURER = 0xff;
/** LE general discoverable, no BR/EDR. */
const FLAGS = 0x06;

const GAEN_SERVICE = 0xfd6f;
const BLUEZONE_SERVICE = 0x4e56;
const BLUEZONE_COMPANY = 0x22b5;

/** What our own senders say of themselves. */
export interface OwnAdvertisement {
  readonly kind: "kiosk" | "token";
  /** 16 bytes (protocol/beacon/rotating-id.ts). */
  readonly id: Uint8Array;
  /** Transmit power, dBm; null when unknown. */
  readonly txPower: Dbm | null;
  /** First 3 bytes of the identifier of a neighbouring kiosk that this one hears; null for none. A token sends none. */
  readonly echo: Uint8Array | null;
}

/** An advertisement that a kiosk understands. */
export type HeardAdvertisement =
  | OwnAdvertisement
  /** A phone's Exposure Notification: 16 bytes, and 4 bytes that only its key decrypts. */
  | { readonly kind: "gaen"; readonly id: Uint8Array; readonly metadata: Uint8Array }
  /** A phone's Bluezone: 12 bytes. */
  | { readonly kind: "bluezone"; readonly id: Uint8Array };

/**
 * Encodes complete advertising data, 30 bytes. Byte table: protocol/FORMATS.md, "Advertisement".
 *
 * @throws {MalformedError} PROTO_MALFORMED or {OutOfRangeError} PROTO_OUT_OF_RANGE when a field is not of its form
 */
export function encodeAdvertisement({ kind, id, txPower, echo }: OwnAdvertisement): Uint8Array {
  if (id.length !== ROTATING_ID_BYTES) throw new MalformedError("not a rotating identifier", { bytes: id.length });
  if (echo && echo.length !== ECHO_BYTES) throw new MalformedError("not an echo", { bytes: echo.length });
  const power = txPower === null ? NO_TX_POWER : requireInteger("tx power", txPower, { min: -127, max: 20 }) & 0xff;
  const body = concatBytes(
    Uint8Array.of(COMPANY_ID & 0xff, COMPANY_ID >> 8, ...MAGIC, (VERSION << 4) | TYPES[kind]),
    id,
    Uint8Array.of(power),
    echo ?? new Uint8Array(ECHO_BYTES),
  );
  return concatBytes(Uint8Array.of(2, AD_FLAGS, FLAGS, body.length + 1, AD_MANUFACTURER), body);
}

/**
 * Reads complete advertising data as it was heard: ours, GAEN's, Bluezone's. Anybody may send anything: what is not exactly one of
 * these gives null, never a fault. Bytes are copied.
 */
export function parseAdvertisement(payload: Uint8Array): HeardAdvertisement | null {
  const fields = payload.length > MAX_HEARD_BYTES ? null : splitFields(payload);
  if (!fields) return null;
  const manufacturer = fields.find(({ type }) => type === AD_MANUFACTURER)?.body ?? null;
  return (manufacturer && ownOf(manufacturer)) ?? gaenOf(fields) ?? (manufacturer && bluezoneOf(fields, manufacturer));
}

interface AdField {
  readonly type: number;
  readonly body: Uint8Array;
}

/** Null when a length points past the end. A length of zero ends the data. Source: Bluetooth Core 5.4, Vol 3, Part C, 11. */
function splitFields(payload: Uint8Array): readonly AdField[] | null {
  const fields: AdField[] = [];
  for (let at = 0; at < payload.length; ) {
    const length = payload[at] as number;
    if (length === 0) break;
    const end = at + 1 + length;
    if (end > payload.length) return null;
    fields.push({ type: payload[at + 1] as number, body: payload.slice(at + 2, end) });
    at = end;
  }
  return fields;
}

function little16(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
}

function ownOf(body: Uint8Array): OwnAdvertisement | null {
  const isOurs = body.length === 25 && little16(body, 0) === COMPANY_ID && body[2] === MAGIC[0] && body[3] === MAGIC[1];
  if (!isOurs) return null;
  const kind = (["kiosk", "token"] as const).find((one) => body[4] === ((VERSION << 4) | TYPES[one]));
  if (!kind) return null;
  const echo = body.slice(22);
  return {
    kind,
    id: body.slice(5, 21),
    txPower: powerOf(body[21] as number),
    echo: echo.some((byte) => byte !== 0) ? echo : null,
  };
}

function powerOf(byte: number): Dbm | null {
  const signed = (byte << 24) >> 24;
  return signed < -127 || signed > 20 ? null : (signed as Dbm);
}

function gaenOf(fields: readonly AdField[]): HeardAdvertisement | null {
  const length = 2 + GAEN_ID_BYTES + GAEN_METADATA_BYTES;
  const service = fields.find(
    ({ type, body }) => type === AD_SERVICE_DATA_16 && body.length === length && little16(body, 0) === GAEN_SERVICE,
  );
  if (!service) return null;
  return { kind: "gaen", id: service.body.slice(2, 18), metadata: service.body.slice(18) };
}

function bluezoneOf(fields: readonly AdField[], manufacturer: Uint8Array): HeardAdvertisement | null {
  if (manufacturer.length !== 2 + BLUEZONE_ID_BYTES || little16(manufacturer, 0) !== BLUEZONE_COMPANY) return null;
  return fields.some(namesBluezone) ? { kind: "bluezone", id: manufacturer.slice(2) } : null;
}

function namesBluezone({ type, body }: AdField): boolean {
  if (type !== AD_UUIDS_16 && type !== AD_UUIDS_16_MORE) return false;
  for (let at = 0; at + 1 < body.length; at += 2) if (little16(body, at) === BLUEZONE_SERVICE) return true;
  return false;
}
