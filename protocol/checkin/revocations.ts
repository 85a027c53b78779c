import { decodeHostileCbor, encodeCbor } from "../cbor.ts";
import { MalformedError, requireInteger } from "../errors.ts";
import {
  type DeviceId,
  type Epoch,
  parseDeviceId,
  parseEpoch,
  parseSiteId,
  parseStream,
  type SiteId,
  type Stream,
} from "../ids.ts";
import type { WallMs } from "../units.ts";

/** Why a device lost its right. The order is that of the wire numbers. */
export const REVOCATION_REASONS = ["unspecified", "stolen", "lost", "cloned", "replaced", "retired"] as const;
export type RevocationReason = (typeof REVOCATION_REASONS)[number];

/** One line of the list. */
export interface Revocation {
  /** Counts up within a site; never used again. */
  readonly number: number;
  readonly device: DeviceId;
  readonly reason: RevocationReason;
  readonly revokedAt: WallMs;
}

/** How far a gateway had taken a stream of a revoked device: rows up to here came from it while it was trusted. */
export interface StreamMark {
  readonly epoch: Epoch;
  readonly stream: Stream;
  readonly upto: number;
}

/** The list of one site, as its gateway signs it. */
export interface RevocationList {
  readonly site: SiteId;
  readonly issuedAt: WallMs;
  readonly entries: readonly (Revocation & { readonly marks: readonly StreamMark[] })[];
}

const VERSION = 1;
/** Most lines that one list may have; a site has some dozens of kiosks in its life. */
export const MAX_REVOCATIONS = 4_096;
const MAX_MARKS = 64;

/** Number of a list: that of its last line, 0 when it is empty. A list with a lower one than the last is old and is not taken. */
export function listNumber(list: Pick<RevocationList, "entries">): number {
  return list.entries.at(-1)?.number ?? 0;
}

/**
 * Encodes the payload to be signed: CBOR [1, site, issued ms, [[number, device, reason, revoked ms, [[epoch, stream, upto], ...]], ...]].
 *
 * Byte table: protocol/FORMATS.md, "Revocation list".
 */
export function encodeRevocations(list: RevocationList): Uint8Array {
  const lines = list.entries.map(({ number, device, reason, revokedAt, marks }) => [
    number,
    device,
    REVOCATION_REASONS.indexOf(reason),
    revokedAt,
    marks.map(({ epoch, stream, upto }) => [epoch, stream, upto]),
  ]);
  return encodeCbor([VERSION, list.site, list.issuedAt, lines]);
}

/** @throws {MalformedError} PROTO_MALFORMED or {OutOfRangeError} PROTO_OUT_OF_RANGE when a field is not of its form, or numbers fall */
export function decodeRevocations(payload: Uint8Array): RevocationList {
  const fields = decodeHostileCbor(payload);
  if (!Array.isArray(fields) || fields.length !== 4 || fields[0] !== VERSION)
    throw new MalformedError("not a revocation list");
  const [, site, issued, lines] = fields as readonly unknown[];
  if (!Array.isArray(lines) || lines.length > MAX_REVOCATIONS) throw new MalformedError("not a revocation list");
  let last = 0;
  const entries = lines.map((line) => {
    const entry = decodeEntry(line);
    if (entry.number <= last) throw new MalformedError("numbers of a revocation list must rise");
    last = entry.number;
    return entry;
  });
  return { site: parseSiteId(site), issuedAt: instant("issued", issued), entries };
}

function decodeEntry(line: unknown): RevocationList["entries"][number] {
  if (!Array.isArray(line) || line.length !== 5) throw new MalformedError("not a line of a revocation list");
  const [number, device, reason, revoked, marks] = line as readonly unknown[];
  if (!Array.isArray(marks) || marks.length > MAX_MARKS) throw new MalformedError("not a line of a revocation list");
  const at = requireInteger("reason", reason, { min: 0, max: REVOCATION_REASONS.length - 1 });
  return {
    number: requireInteger("number", number, { min: 1, max: 0xffffffff }),
    device: parseDeviceId(device),
    reason: REVOCATION_REASONS[at] as RevocationReason,
    revokedAt: instant("revoked", revoked),
    marks: marks.map(decodeMark),
  };
}

function decodeMark(mark: unknown): StreamMark {
  if (!Array.isArray(mark) || mark.length !== 3) throw new MalformedError("not a mark of a revocation list");
  const [epoch, stream, upto] = mark as readonly unknown[];
  const range = { min: 0, max: Number.MAX_SAFE_INTEGER };
  return { epoch: parseEpoch(epoch), stream: parseStream(stream), upto: requireInteger("upto", upto, range) };
}

function instant(name: string, value: unknown): WallMs {
  return requireInteger(name, value, { min: 0, max: Number.MAX_SAFE_INTEGER }) as WallMs;
}
