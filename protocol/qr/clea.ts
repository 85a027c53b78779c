import { bigEndian, concatBytes, fromHex, toHex, utf8 } from "../bytes.ts";
import type { CryptoPort } from "../crypto-port.ts";
import { MalformedError, requireInteger } from "../errors.ts";
import { ECIES_OVERHEAD_BYTES, openEcies, sealEcies } from "./ecies.ts";
import type { P256KeyPair } from "./p256.ts";

const HEADER_BYTES = 17;
const FACTS_BYTES = 44;
const CONTACT_BYTES = 16;
const KEY_BYTES = 32;
const PHONE_DIGITS = 15;
const NO_AAD = new Uint8Array(0);
const SHORT_BYTES = HEADER_BYTES + FACTS_BYTES + ECIES_OVERHEAD_BYTES;
const LONG_BYTES = SHORT_BYTES + CONTACT_BYTES + ECIES_OVERHEAD_BYTES;

/** Seconds from 1900-01-01 to 1970-01-01: Clea counts NTP seconds. */
export const NTP_OFFSET_SECONDS = 2_208_988_800;

/** What the health authority finds in a location-specific part. */
export interface LocationFacts {
  readonly staff: boolean;
  /** The code is renewed every 2^n seconds, n in 0..30; 31: never. */
  readonly renewalExponent: number;
  /** Type of place, 0..31, and its two categories, 0..15 each. */
  readonly venueType: number;
  readonly category1: number;
  readonly category2: number;
  /** Length of the period, hours, 1..254; 255: without end. */
  readonly periodHours: number;
  /** Start of the period, NTP hours (24 bits). */
  readonly periodStartHours: number;
  /** When this code began to be shown, NTP seconds. */
  readonly shownSinceSeconds: number;
  /** Key of the place in this period, 32 bytes. */
  readonly periodKey: Uint8Array;
}

/** Whom the manual tracers may call at the place. */
export interface LocationContact {
  /** Digits, 1 to 15. */
  readonly phone: string;
  /** Region of the tracers, 0..255. */
  readonly region: number;
  /** 6 digits. */
  readonly pin: string;
  /** NTP seconds. */
  readonly periodStartSeconds: number;
}

/** A location-specific part as anybody sees it. */
export interface LocationPart {
  /** Temporary location id, 16 bytes; constant within a period. */
  readonly locationId: Uint8Array;
  /** 17 bytes, authenticated by the seal. */
  readonly header: Uint8Array;
  readonly sealed: Uint8Array;
}

/** LTId = HMAC-SHA256(LTKey, "1"), first 16 bytes. */
export function temporaryLocationId(crypto: CryptoPort, periodKey: Uint8Array): Uint8Array {
  return crypto.hmacSha256(periodKey, utf8("1")).slice(0, 16);
}

/** Encodes the 44 bytes that are sealed to the authority, without the contact. */
export function encodeFacts(facts: LocationFacts, hasContact: boolean): Uint8Array {
  if (facts.periodKey.length !== KEY_BYTES) throw new MalformedError("period key must have 32 bytes");
  const field = (name: string, value: number, max: number): number => requireInteger(name, value, { min: 0, max });
  const bits =
    (facts.staff ? 2 ** 31 : 0) +
    (hasContact ? 2 ** 30 : 0) +
    field("renewal", facts.renewalExponent, 31) * 2 ** 13 +
    field("venue type", facts.venueType, 31) * 2 ** 8 +
    field("category 1", facts.category1, 15) * 2 ** 4 +
    field("category 2", facts.category2, 15);
  return concatBytes(
    bigEndian(bits, 4),
    bigEndian(field("period hours", facts.periodHours, 255), 1),
    bigEndian(field("period start", facts.periodStartHours, 0xffffff), 3),
    bigEndian(field("shown since", facts.shownSinceSeconds, 0xffffffff), 4),
    facts.periodKey,
  );
}

function decodeFacts(bytes: Uint8Array): LocationFacts {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const bits = view.getUint32(0);
  return {
    staff: bits >= 2 ** 31,
    renewalExponent: (bits >>> 13) & 31,
    venueType: (bits >>> 8) & 31,
    category1: (bits >>> 4) & 15,
    category2: bits & 15,
    periodHours: view.getUint8(4),
    periodStartHours: view.getUint32(4) & 0xffffff,
    shownSinceSeconds: view.getUint32(8),
    periodKey: bytes.slice(12, FACTS_BYTES),
  };
}

/** Decimal digits as 15 nibbles, filled up with `f`, and one reserved nibble. */
function phoneBytes(phone: string): Uint8Array {
  return fromHex(`${phone.padEnd(PHONE_DIGITS, "f")}0`);
}

function phoneOf(bytes: Uint8Array): string {
  const digits = toHex(bytes).slice(0, PHONE_DIGITS).replace(/f+$/, "");
  if (!/^\d+$/.test(digits)) throw new MalformedError("not decimal digits");
  return digits;
}

/** Encodes the 16 bytes that are sealed to the tracers. @throws {MalformedError} PROTO_MALFORMED when phone or PIN are not digits */
export function encodeContact(contact: LocationContact): Uint8Array {
  if (!/^\d{1,15}$/.test(contact.phone) || !/^\d{6}$/.test(contact.pin)) throw new MalformedError("not decimal digits");
  return concatBytes(
    phoneBytes(contact.phone),
    bigEndian(requireInteger("region", contact.region, { min: 0, max: 255 }), 1),
    fromHex(contact.pin),
    bigEndian(requireInteger("period start", contact.periodStartSeconds, { min: 0, max: 0xffffffff }), 4),
  );
}

function decodeContact(bytes: Uint8Array): LocationContact {
  return {
    phone: phoneOf(bytes.subarray(0, 8)),
    region: bytes[8] ?? 0,
    pin: toHex(bytes.subarray(9, 12)),
    periodStartSeconds: new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(12),
  };
}

/**
 * Encodes a location-specific part, 110 bytes, or 175 with a contact.
 *
 * Source: Clea specification v0 (TousAntiCovid), sections 3.4 to 3.6. Vectors: vectors/clea.
 */
export async function encodeLocationPart(
  crypto: CryptoPort,
  place: {
    readonly locationId: Uint8Array;
    readonly facts: LocationFacts;
    /** The authority's key, uncompressed, 65 bytes. */
    readonly authorityKey: Uint8Array;
    readonly contact?: LocationContact & { readonly tracersKey: Uint8Array };
  },
): Promise<Uint8Array> {
  const { locationId, facts, authorityKey, contact } = place;
  if (locationId.length !== 16) throw new MalformedError("location id must have 16 bytes");
  const header = concatBytes(Uint8Array.of(0), locationId); // version 0, type 0
  const inner = contact
    ? await sealEcies(crypto, { recipient: contact.tracersKey, aad: NO_AAD, text: encodeContact(contact) })
    : new Uint8Array(0);
  const text = concatBytes(encodeFacts(facts, contact !== undefined), inner);
  return concatBytes(header, await sealEcies(crypto, { recipient: authorityKey, aad: header, text }));
}

/** Takes a location-specific part apart. @throws {MalformedError} PROTO_MALFORMED when it is not of version 0, type 0 and its length */
export function parseLocationPart(bytes: Uint8Array): LocationPart {
  if ((bytes.length !== SHORT_BYTES && bytes.length !== LONG_BYTES) || (bytes[0] ?? 255) >> 2 !== 0)
    throw new MalformedError("not a location-specific part", { bytes: bytes.length });
  return {
    locationId: bytes.slice(1, HEADER_BYTES),
    header: bytes.slice(0, HEADER_BYTES),
    sealed: bytes.slice(HEADER_BYTES),
  };
}

/**
 * Opens the authority's seal.
 *
 * @returns the facts, and the sealed contact (for {@link openContact}) when the place gave one
 * @throws {BadSealError} PROTO_BAD_SEAL when it was sealed to another key or changed
 */
export async function openLocationPart(
  crypto: CryptoPort,
  part: LocationPart,
  authority: P256KeyPair,
): Promise<{ readonly facts: LocationFacts; readonly sealedContact: Uint8Array | null }> {
  const text = await openEcies(crypto, { recipient: authority, aad: part.header, sealed: part.sealed });
  const hasContact = ((text[0] ?? 0) & 0x40) !== 0;
  const expected = FACTS_BYTES + (hasContact ? CONTACT_BYTES + ECIES_OVERHEAD_BYTES : 0);
  if (text.length !== expected) throw new MalformedError("not the facts of a location");
  return {
    facts: decodeFacts(text.slice(0, FACTS_BYTES)),
    sealedContact: hasContact ? text.slice(FACTS_BYTES) : null,
  };
}

/** Opens the tracers' seal. @throws {BadSealError} PROTO_BAD_SEAL when it was sealed to another key or changed */
export async function openContact(
  crypto: CryptoPort,
  sealedContact: Uint8Array,
  tracers: P256KeyPair,
): Promise<LocationContact> {
  const text = await openEcies(crypto, { recipient: tracers, aad: NO_AAD, sealed: sealedContact });
  if (text.length !== CONTACT_BYTES) throw new MalformedError("not a location contact");
  return decodeContact(text);
}
