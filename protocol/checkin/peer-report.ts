import { concatBytes, fromHex, toHex, utf8 } from "../bytes.ts";
import { decodeCbor, encodeCbor } from "../cbor.ts";
import type { CryptoPort } from "../crypto-port.ts";
import { BadSealError, MalformedError, requireInteger } from "../errors.ts";
import {
  type BootId,
  type DeviceId,
  parseBootId,
  parseDeviceId,
  type SiteId,
  type VenueId,
  type VisitorTag,
} from "../ids.ts";
import type { BoottimeMs, WallMs } from "../units.ts";
import { packVenueId, unpackVenueId } from "./venue-bytes.ts";

/** Most passings that one report carries; more go in several. */
export const PEER_REPORT_MAX_PASSINGS = 400;
/** Most tags of one passing: the visitor's under two days' keys. */
export const PASSING_MAX_TAGS = 2;
/** Longest report that is read, bytes: 400 passings with two tags each stay below 20 kB. */
export const PEER_REPORT_MAX_BYTES = 32_768;

/** What a gateway sees of a report: whose it is, and for whom. */
export interface PeerAddress {
  readonly device: DeviceId;
  readonly venue: VenueId;
  /** The one door that asked; null: every other door of the venue. */
  readonly to: DeviceId | null;
  /** The site key that it is sealed under (protocol/checkin/site-key.ts). */
  readonly generation: number;
  readonly siteDay: number;
}

/** Somebody went through a door. */
export interface Passing {
  /** The visitor's tag under the sender's key of that day; the one of the day before may follow. */
  readonly tags: readonly VisitorTag[];
  readonly direction: "in" | "out";
  /** Unnamed companions, 0 to 9. */
  readonly party: number;
  /** How long before the report was sent, milliseconds. */
  readonly agoMs: number;
}

/** What one door tells the others of its venue. */
export interface PeerReport {
  readonly boot: BootId;
  /** When it was sent, in the sender's boot: a door takes no report that is not newer than the last of that boot. */
  readonly sentMs: BoottimeMs;
  /** Wall clock as it was sent; null when the sender does not know the time. */
  readonly wallMs: WallMs | null;
  /** Asks the others for what they saw in the last so many milliseconds; null: asks nothing. */
  readonly asksSinceMs: number | null;
  /** A member of staff said so long ago that everybody had left, milliseconds; null: nobody said so. */
  readonly emptiedAgoMs: number | null;
  readonly passings: readonly Passing[];
}

/** A report as it travels. */
export interface SealedPeerReport extends PeerAddress {
  readonly nonce: Uint8Array;
  readonly box: Uint8Array;
}

const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const VENUE_BYTES = 5;
const KEY_BYTES = 16;
const MAX_PARTY = 9;
const MAX_MS = Number.MAX_SAFE_INTEGER;
const DIRECTIONS = ["in", "out"] as const;

/**
 * Seals a report under the site's key of the day: AES-128-GCM, key HMAC-SHA256(K(n), "bluepost v1 peer <device>") cut to 16 bytes, random
 * nonce, bound to site and address. Message: CBOR [1, device, venue, to, generation, site day, nonce, box]; box: CBOR [boot, sent ms, wall
 * ms, asks since ms, emptied ago ms, [[tags, direction, party, ago ms], ...]]. Byte tables: protocol/FORMATS.md, "Peer report".
 *
 * @param siteKey K(n), 32 bytes
 */
export function sealPeerReport(
  crypto: CryptoPort,
  report: PeerReport,
  place: { readonly site: SiteId; readonly address: PeerAddress; readonly siteKey: Uint8Array },
): Uint8Array {
  const { site, address, siteKey } = place;
  const nonce = crypto.randomBytes(NONCE_BYTES);
  const key = senderKey(crypto, siteKey, address.device);
  const box = crypto.aesGcmSeal({ key, nonce, aad: aadOf(site, address), text: encodeReport(report) });
  return encodeCbor([VERSION, ...fieldsOf(address), nonce, box]);
}

/**
 * Reads whose a report is and for whom; its seal is not checked.
 *
 * @throws {MalformedError} PROTO_MALFORMED or {OutOfRangeError} PROTO_OUT_OF_RANGE when the message is not a report
 */
export function decodePeerReport(message: Uint8Array): SealedPeerReport {
  const fields = decodeCbor(message, PEER_REPORT_MAX_BYTES);
  if (!Array.isArray(fields) || fields.length !== 8 || fields[0] !== VERSION) throw new MalformedError("not a report");
  const [, device, venue, to, generation, siteDay, nonce, box] = fields as readonly unknown[];
  return {
    device: parseDeviceId(device),
    venue: unpackVenueId(bytesOf(venue, VENUE_BYTES)),
    to: to === null ? null : parseDeviceId(to),
    generation: requireInteger("generation", generation, { min: 1, max: 0xffffffff }),
    siteDay: requireInteger("site day", siteDay, { min: 0, max: 0xffffff }),
    nonce: bytesOf(nonce, NONCE_BYTES),
    box: bytesOf(box),
  };
}

/**
 * Opens a report. @throws {BadSealError} PROTO_BAD_SEAL when it was sealed under another key or for another address,
 * {MalformedError} PROTO_MALFORMED or {OutOfRangeError} PROTO_OUT_OF_RANGE when what was sealed is not a report
 */
export function openPeerReport(
  crypto: CryptoPort,
  { nonce, box, ...address }: SealedPeerReport,
  place: { readonly site: SiteId; readonly siteKey: Uint8Array },
): PeerReport {
  const key = senderKey(crypto, place.siteKey, address.device);
  if (box.length < TAG_BYTES) throw new BadSealError("sealed text too short");
  return decodeReport(crypto.aesGcmOpen({ key, nonce, aad: aadOf(place.site, address), text: box }));
}

function senderKey(crypto: CryptoPort, siteKey: Uint8Array, device: DeviceId): Uint8Array {
  return crypto.hmacSha256(siteKey, utf8(`bluepost v1 peer ${device}`)).slice(0, KEY_BYTES);
}

function fieldsOf({ device, venue, to, generation, siteDay }: PeerAddress): readonly unknown[] {
  return [device, packVenueId(venue), to, generation, siteDay];
}

function aadOf(site: SiteId, address: PeerAddress): Uint8Array {
  return encodeCbor([VERSION, site, ...fieldsOf(address)]);
}

function encodeReport({ boot, sentMs, wallMs, asksSinceMs, emptiedAgoMs, passings }: PeerReport): Uint8Array {
  const rows = passings.map(({ tags, direction, party, agoMs }) => [
    concatBytes(...tags.map(fromHex)),
    DIRECTIONS.indexOf(direction),
    party,
    agoMs,
  ]);
  return encodeCbor([fromHex(boot), sentMs, wallMs, asksSinceMs, emptiedAgoMs, rows]);
}

function decodeReport(text: Uint8Array): PeerReport {
  const fields = decodeCbor(text, PEER_REPORT_MAX_BYTES);
  if (!Array.isArray(fields) || fields.length !== 6) throw new MalformedError("not a report");
  const [boot, sent, wall, asks, emptied, rows] = fields as readonly unknown[];
  if (!Array.isArray(rows) || rows.length > PEER_REPORT_MAX_PASSINGS) throw new MalformedError("not a report");
  return {
    boot: parseBootId(toHex(bytesOf(boot, 4))),
    sentMs: spanOf("sent", sent) as BoottimeMs,
    wallMs: orNull(wall, (value) => spanOf("wall", value) as WallMs),
    asksSinceMs: orNull(asks, (value) => spanOf("asks since", value)),
    emptiedAgoMs: orNull(emptied, (value) => spanOf("emptied", value)),
    passings: rows.map(decodePassing),
  };
}

function decodePassing(row: unknown): Passing {
  if (!Array.isArray(row) || row.length !== 4) throw new MalformedError("not a passing");
  const [packed, direction, party, ago] = row as readonly unknown[];
  const bytes = bytesOf(packed);
  if (bytes.length !== TAG_BYTES && bytes.length !== 2 * TAG_BYTES) throw new MalformedError("not a visitor's tags");
  const tags = Array.from({ length: bytes.length / TAG_BYTES }, (_, at) =>
    toHex(bytes.subarray(at * TAG_BYTES, (at + 1) * TAG_BYTES)),
  );
  return {
    tags: tags as VisitorTag[],
    direction: DIRECTIONS[requireInteger("direction", direction, { min: 0, max: 1 })] as Passing["direction"],
    party: requireInteger("party", party, { min: 0, max: MAX_PARTY }),
    agoMs: spanOf("ago", ago),
  };
}

function spanOf(name: string, value: unknown): number {
  return requireInteger(name, value, { min: 0, max: MAX_MS });
}

function orNull<T>(value: unknown, read: (value: unknown) => T): T | null {
  return value === null ? null : read(value);
}

function bytesOf(value: unknown, length?: number): Uint8Array {
  if (!(value instanceof Uint8Array) || (length !== undefined && value.length !== length))
    throw new MalformedError("not bytes of their length");
  return value;
}
