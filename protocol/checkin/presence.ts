import { decodeCbor, encodeCbor } from "../cbor.ts";
import { MalformedError, requireInteger } from "../errors.ts";
import { DAY_MS, type Dbm } from "../units.ts";
import { pad, unpad } from "./envelope.ts";
import { SCHEMES } from "./record.ts";

/** Senders whose identifiers a kiosk may hear. */
export const RADIO_SCHEMES = ["token", "gaen", "bluezone"] as const;
export type RadioScheme = (typeof RADIO_SCHEMES)[number];

/** Whether a scheme names senders and not documents. */
export function isRadioScheme(scheme: string): scheme is RadioScheme {
  return RADIO_SCHEMES.some((one) => one === scheme);
}

/** Bytes of an identifier of each scheme. */
export const RADIO_ID_BYTES: Readonly<Record<RadioScheme, number>> = { token: 16, gaen: 16, bluezone: 12 };

const MAX_METADATA_BYTES = 8;
const MAX_SIGHTINGS = 0xffffff;

/**
 * One identifier heard by one kiosk from its first to its last sighting. The times of the record that carries it are those of the
 * first. Only the engine's matching key opens it: an observed identifier is not readable between door and engine.
 */
export interface PresenceContent {
  readonly scheme: RadioScheme;
  readonly id: Uint8Array;
  /** Last sighting minus first, milliseconds; less than a day. */
  readonly durationMs: number;
  /** Sightings. */
  readonly n: number;
  readonly rssiMax: Dbm;
  /** Rounded to whole decibels. */
  readonly rssiMean: Dbm;
  /** Transmit power as the sender says it; null when it does not. */
  readonly txPower: Dbm | null;
  /** Further bytes of the advertisement, at most 8, as they were sent (GAEN: encrypted). */
  readonly metadata: Uint8Array | null;
}

/** Encodes a session as a padded CBOR array, for the match envelope of a `presence` record. */
export function encodePresence(content: PresenceContent): Uint8Array {
  const { id, durationMs, n, rssiMax, rssiMean, txPower, metadata } = content;
  return pad(encodeCbor([SCHEMES.indexOf(content.scheme), id, durationMs, n, rssiMax, rssiMean, txPower, metadata]));
}

/**
 * Decodes what {@link encodePresence} made.
 *
 * @throws {MalformedError} PROTO_MALFORMED or {OutOfRangeError} PROTO_OUT_OF_RANGE when a field is not of its form
 */
export function decodePresence(padded: Uint8Array): PresenceContent {
  const fields = decodeCbor(unpad(padded));
  if (!Array.isArray(fields) || fields.length !== 8) throw new MalformedError("not a presence session");
  const scheme = RADIO_SCHEMES.find((one) => SCHEMES.indexOf(one) === fields[0]);
  if (!scheme) throw new MalformedError("not a radio scheme");
  const rssiMax = dbm("rssi max", fields[4]);
  return {
    scheme,
    id: bytes(fields[1], { min: RADIO_ID_BYTES[scheme], max: RADIO_ID_BYTES[scheme] }),
    durationMs: requireInteger("duration", fields[2], { min: 0, max: DAY_MS - 1 }),
    n: requireInteger("sightings", fields[3], { min: 1, max: MAX_SIGHTINGS }),
    rssiMax,
    rssiMean: requireInteger("rssi mean", fields[5], { min: -127, max: rssiMax }) as Dbm,
    txPower: fields[6] === null ? null : dbm("tx power", fields[6]),
    metadata: fields[7] === null ? null : bytes(fields[7], { min: 0, max: MAX_METADATA_BYTES }),
  };
}

function dbm(name: string, value: unknown): Dbm {
  return requireInteger(name, value, { min: -127, max: 20 }) as Dbm;
}

function bytes(value: unknown, { min, max }: { readonly min: number; readonly max: number }): Uint8Array {
  if (!(value instanceof Uint8Array) || value.length < min || value.length > max)
    throw new MalformedError("not presence bytes");
  return value;
}
