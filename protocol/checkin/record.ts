import { fromHex, toHex } from "../bytes.ts";
import { decodeCbor, encodeCbor } from "../cbor.ts";
import { MalformedError, requireInteger } from "../errors.ts";
import { type BootId, type Epoch, parseBootId, parseEpoch, type VenueId } from "../ids.ts";
import type { BoottimeMs, WallMs } from "../units.ts";
import { packVenueId, unpackVenueId } from "./venue-bytes.ts";

/** Version of the record's layout; a wire format of its own, apart from the product's version. */
export const RECORD_VERSION = 1;

/** Bytes that a record may take outside its two envelopes, unless it was issued again after a fork. */
export const MAX_RECORD_OVERHEAD_BYTES = 64;

/** What a record says happened. The position in this list is the number on the wire. */
export const RECORD_KINDS = ["", "in", "out", "annul", "presence", "anchor", "tombstone"] as const;
export type RecordKind = Exclude<(typeof RECORD_KINDS)[number], "">;

/** Where a device's wall clock came from when it stamped a record. The position is the number on the wire. */
export const CLOCK_STATES = ["unsynced", "rtc", "ntp", "gateway"] as const;
export type ClockState = (typeof CLOCK_STATES)[number];

/** How a visitor was known. The position is the number on the wire. */
export const SCHEMES = [
  "none",
  "bp1",
  "bp2",
  "vn1405",
  "cccd",
  "bhyt",
  "hc1",
  "entry",
  "staff",
  "token",
  "gaen",
  "bluezone",
  "venue",
] as const;
export type Scheme = (typeof SCHEMES)[number];

/** How strong the proof of a check-in is, strongest last. The position is the number on the wire. */
export const EVIDENCE = ["none", "inferred", "staff", "document", "signed_static", "signed_live"] as const;
export type Evidence = (typeof EVIDENCE)[number];

/** Why rows were evicted before the engine had them. The position is the number on the wire. */
export const TOMBSTONE_REASONS = ["", "disk_full", "corrupt_file"] as const;
export type TombstoneReason = Exclude<(typeof TOMBSTONE_REASONS)[number], "">;

/** Rows `from` to `to` of the same stream that this device lost, and why; both ends inclusive. */
export interface Tombstone {
  readonly from: number;
  readonly to: number;
  readonly reason: TombstoneReason;
}

/** Where a record stood before it was issued again in a new epoch; its seals are bound to that place. */
export interface RecordOrigin {
  readonly epoch: Epoch;
  readonly seq: number;
}

/** Two sealed boxes and the sealing session that made them. */
export interface SealedIdentity {
  /** 8 bytes. */
  readonly session: Uint8Array;
  /** Counter within the session, 0 to 255. */
  readonly index: number;
  /** Scheme and canonical id, for the engine's matching key; ciphertext and 16-byte tag. */
  readonly match: Uint8Array;
  /** Name, birth date, phone, address as the code carried them, for the authority's vault key; null when it carried none. */
  readonly vault: Uint8Array | null;
}

/**
 * One row of a kiosk's ledger. Device, epoch and stream stand once in the batch that carries it.
 *
 * `boottimeMs` never lies within one boot; `wallMs` is what the wall clock said, right or wrong, and `uncertaintyMs` is how
 * far off it may be (meaningless while `clock` is `unsynced`). For an `anchor` both are the true pair found by a sync.
 */
export interface CheckinRecord {
  readonly seq: number;
  readonly kind: RecordKind;
  /** The seq that an `annul` takes back. */
  readonly annuls?: number;
  /** The rows that a `tombstone` stands for. */
  readonly lost?: Tombstone;
  readonly venue: VenueId;
  /** Number of the door at the venue, 0 to 255. */
  readonly gate: number;
  readonly boot: BootId;
  readonly boottimeMs: BoottimeMs;
  readonly wallMs: WallMs;
  readonly clock: ClockState;
  readonly uncertaintyMs: number;
  readonly scheme: Scheme;
  /** Unnamed people who came with the visitor, 0 to 9. */
  readonly party: number;
  readonly evidence: Evidence;
  readonly identity?: SealedIdentity;
  readonly origin?: RecordOrigin;
}

/** Largest seq: fits 32 bits, which is 1,000 scans a day for 11,000 years. */
export const MAX_SEQ = 0xffffffff;

/**
 * Encodes a record. Byte table: protocol/FORMATS.md, "Check-in record".
 *
 * @returns CBOR array, at most {@link MAX_RECORD_OVERHEAD_BYTES} bytes outside the envelopes when `origin` is absent
 */
export function encodeRecord(record: CheckinRecord): Uint8Array {
  const { identity, origin, lost } = record;
  const reference = lost ? [lost.from, lost.to, TOMBSTONE_REASONS.indexOf(lost.reason)] : (record.annuls ?? null);
  const fields: unknown[] = [
    RECORD_VERSION,
    record.seq,
    RECORD_KINDS.indexOf(record.kind),
    reference,
    packVenueId(record.venue),
    record.gate,
    fromHex(record.boot),
    record.boottimeMs,
    record.wallMs,
    CLOCK_STATES.indexOf(record.clock),
    record.uncertaintyMs,
    SCHEMES.indexOf(record.scheme),
    record.party,
    EVIDENCE.indexOf(record.evidence),
    identity?.session ?? null,
    identity?.index ?? null,
    identity?.match ?? null,
    identity?.vault ?? null,
  ];
  if (origin) fields.push([fromHex(origin.epoch), origin.seq]);
  return encodeCbor(fields);
}

/**
 * Decodes a record from outside.
 *
 * @throws {MalformedError} PROTO_MALFORMED or {OutOfRangeError} PROTO_OUT_OF_RANGE when any field is not of its form
 */
export function decodeRecord(bytes: Uint8Array): CheckinRecord {
  const fields = decodeCbor(bytes);
  if (!Array.isArray(fields) || fields.length < 18 || fields.length > 19 || fields[0] !== RECORD_VERSION) {
    throw new MalformedError("not a check-in record", { bytes: bytes.length });
  }
  const kind = pick(RECORD_KINDS, fields[2], "kind");
  if (kind === "") throw new MalformedError("not a record kind");
  const base: CheckinRecord = {
    seq: integer("seq", fields[1], 1, MAX_SEQ),
    kind,
    venue: unpackVenueId(fixedBytes("venue", fields[4], 5)),
    gate: integer("gate", fields[5], 0, 255),
    boot: parseBootId(toHex(fixedBytes("boot", fields[6], 4))),
    boottimeMs: integer("boottime", fields[7], 0, Number.MAX_SAFE_INTEGER) as BoottimeMs,
    wallMs: integer("wall", fields[8], 0, Number.MAX_SAFE_INTEGER) as WallMs,
    clock: pick(CLOCK_STATES, fields[9], "clock"),
    uncertaintyMs: integer("uncertainty", fields[10], 0, MAX_SEQ),
    scheme: pick(SCHEMES, fields[11], "scheme"),
    party: integer("party", fields[12], 0, 9),
    evidence: pick(EVIDENCE, fields[13], "evidence"),
  };
  return { ...base, ...reference(kind, fields[3]), ...identityOf(fields), ...originOf(fields[18]) };
}

function reference(kind: RecordKind, value: unknown): Pick<CheckinRecord, "annuls" | "lost"> {
  if (kind === "annul") return { annuls: integer("annul", value, 1, MAX_SEQ) };
  if (kind !== "tombstone") {
    if (value !== null) throw new MalformedError("reference on a record that has none");
    return {};
  }
  if (!Array.isArray(value) || value.length !== 3) throw new MalformedError("not a tombstone");
  const from = integer("tombstone from", value[0], 1, MAX_SEQ);
  const reason = pick(TOMBSTONE_REASONS, value[2], "tombstone reason");
  if (reason === "") throw new MalformedError("not a tombstone reason");
  return { lost: { from, to: integer("tombstone to", value[1], from, MAX_SEQ), reason } };
}

function identityOf(fields: readonly unknown[]): Pick<CheckinRecord, "identity"> {
  if (fields[14] === null) return {};
  return {
    identity: {
      session: fixedBytes("session", fields[14], 8),
      index: integer("session index", fields[15], 0, 255),
      match: boxBytes(fields[16]),
      vault: fields[17] === null ? null : boxBytes(fields[17]),
    },
  };
}

function originOf(value: unknown): Pick<CheckinRecord, "origin"> {
  if (value === undefined) return {};
  if (!Array.isArray(value) || value.length !== 2) throw new MalformedError("not a record origin");
  return {
    origin: {
      epoch: parseEpoch(toHex(fixedBytes("origin epoch", value[0], 8))),
      seq: integer("origin seq", value[1], 1, MAX_SEQ),
    },
  };
}

function integer(name: string, value: unknown, min: number, max: number): number {
  return requireInteger(name, value, { min, max });
}

function pick<const T extends readonly string[]>(list: T, value: unknown, name: string): T[number] {
  return list[requireInteger(name, value, { min: 0, max: list.length - 1 })] as T[number];
}

function fixedBytes(name: string, value: unknown, length: number): Uint8Array {
  if (!(value instanceof Uint8Array) || value.length !== length)
    throw new MalformedError(`not ${length} bytes`, { field: name });
  return value;
}

/** Longest envelope: 1,024 padded bytes and the tag. */
const MAX_BOX_BYTES = 1_040;

function boxBytes(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array) || value.length < 80 || value.length > MAX_BOX_BYTES || value.length % 64 !== 16) {
    throw new MalformedError("not a sealed envelope");
  }
  return value;
}
