import { decodeCbor, encodeCbor } from "../cbor.ts";
import { type CoseKey, parseCose1, signCose1, verifyCose1 } from "../cose.ts";
import { MalformedError, requireInteger } from "../errors.ts";
import type { OpeningsHead } from "./opening-record.ts";

/** Path of the list of published files; a file is at this path, a slash and its number. */
export const PUBLISHED_PATH = "/v1/published";
/** Media type of a published file. */
export const PUBLISHED_TYPE = "application/vnd.bluepost.published+cose";

const LABEL = "bluepost published";
export const PUBLISHED_VERSION = 2;
/** Version 1 had no field for openings. */
const FIRST_VERSION = 1;
/** Longest file that a phone reads. */
export const PUBLISHED_MAX_BYTES = 1 << 20;
const MAX_ENTRIES = 16_384;
/** Fields that stand before the lists. */
const AFTER_HEAD = 5;
/** Longest stretch of one entry: a site day, and the hour at either end that rounding may add. */
export const MAX_ENTRY_INTERVALS = 156;

/** What may be published, and the bytes of its key. The position is the position in the file. */
export const ENTRY_KINDS = ["venue", "poster", "gaen", "bluezone"] as const;
export type EntryKind = (typeof ENTRY_KINDS)[number];
export const ENTRY_KEY_BYTES: Readonly<Record<EntryKind, number>> = { venue: 32, poster: 32, gaen: 16, bluezone: 32 };

/**
 * One thing to look for. `venue`: LTKey of a venue-day. `poster`: id of a poster on a day. `gaen`: a phone's key. `bluezone`: first
 * sub-key of a phone's day. Most entries of a file are decoys, random bytes that nothing can match.
 */
export interface PublishedEntry {
  readonly kind: EntryKind;
  readonly key: Uint8Array;
  /** Intervals of ten minutes since 1970 in which it counts. */
  readonly firstInterval: number;
  readonly intervals: number;
}

/** One hour's file. */
export interface PublishedFile {
  /** 1, 2, 3 ...: a phone sees what it has missed. */
  readonly number: number;
  /** Hours since 1970 at which it was made. */
  readonly hour: number;
  /** SHA-256 of the file before as it was sent; 32 zero bytes before the first. */
  readonly previous: Uint8Array;
  /** Openings of sealed names until then; null in a file of before version 2. A record changed afterwards does not fit what was published. */
  readonly openings: OpeningsHead | null;
  readonly entries: readonly PublishedEntry[];
}

/** Encodes and signs a file. Entries stand by kind in order of their keys, so that nothing tells which came first. */
export async function signPublished(
  file: PublishedFile & { readonly openings: OpeningsHead },
  signer: { readonly key: CoseKey; readonly kid: Uint8Array },
): Promise<Uint8Array> {
  const lists = ENTRY_KINDS.map((kind) =>
    file.entries
      .filter((entry) => entry.kind === kind)
      .sort(byKey)
      .map(({ key, firstInterval, intervals }) => [key, firstInterval, intervals]),
  );
  const { number, hour, previous, openings } = file;
  const fields = [LABEL, PUBLISHED_VERSION, number, hour, previous, ...lists, [openings.count, openings.hash]];
  return signCose1(encodeCbor(fields), signer);
}

/**
 * Checks a file's signature and reads it.
 *
 * @throws {BadSealError} PROTO_BAD_SEAL when the authority did not sign it
 * @throws {MalformedError} PROTO_MALFORMED or {OutOfRangeError} PROTO_OUT_OF_RANGE when it is not of its form
 */
export async function openPublished(bytes: Uint8Array, key: CoseKey): Promise<PublishedFile> {
  if (bytes.length > PUBLISHED_MAX_BYTES) throw new MalformedError("published file too long", { bytes: bytes.length });
  const message = parseCose1(bytes);
  await verifyCose1(message, key);
  const fields = decodeCbor(message.payload);
  if (!Array.isArray(fields) || fields[0] !== LABEL) throw new MalformedError("not a published file");
  const version = requireInteger("version", fields[1], { min: FIRST_VERSION, max: PUBLISHED_VERSION });
  const isFirst = version === FIRST_VERSION;
  if (fields.length !== AFTER_HEAD + ENTRY_KINDS.length + (isFirst ? 0 : 1))
    throw new MalformedError("not a published file");
  return {
    number: requireInteger("number", fields[2], { min: 1, max: 0xffffffff }),
    hour: requireInteger("hour", fields[3], { min: 0, max: 0xffffffff }),
    previous: bytesOf(fields[4], 32),
    openings: isFirst ? null : openingsOf(fields[AFTER_HEAD + ENTRY_KINDS.length]),
    entries: ENTRY_KINDS.flatMap((kind, at) => entriesOf(kind, fields[AFTER_HEAD + at])),
  };
}

function openingsOf(field: unknown): OpeningsHead {
  if (!Array.isArray(field) || field.length !== 2) throw new MalformedError("not a count of openings");
  return { count: requireInteger("openings", field[0], { min: 0, max: 0xffffffff }), hash: bytesOf(field[1], 32) };
}

function entriesOf(kind: EntryKind, list: unknown): readonly PublishedEntry[] {
  if (!Array.isArray(list) || list.length > MAX_ENTRIES) throw new MalformedError("not a list of published keys");
  return list.map((item: unknown) => {
    if (!Array.isArray(item) || item.length !== 3) throw new MalformedError("not a published key");
    return {
      kind,
      key: bytesOf(item[0], ENTRY_KEY_BYTES[kind]),
      firstInterval: requireInteger("first interval", item[1], { min: 0, max: 0xffffffff }),
      intervals: requireInteger("intervals", item[2], { min: 1, max: MAX_ENTRY_INTERVALS }),
    };
  });
}

function bytesOf(value: unknown, length: number): Uint8Array {
  if (!(value instanceof Uint8Array) || value.length !== length) throw new MalformedError(`not ${length} bytes`);
  return value;
}

function byKey(left: PublishedEntry, right: PublishedEntry): number {
  return (
    compareBytes(left.key, right.key) || left.firstInterval - right.firstInterval || left.intervals - right.intervals
  );
}

function compareBytes(left: Uint8Array, right: Uint8Array): number {
  for (let i = 0; i < left.length; i += 1) {
    const difference = (left[i] as number) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
