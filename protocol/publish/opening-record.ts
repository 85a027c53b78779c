import { fromHex } from "../bytes.ts";
import { encodeCbor } from "../cbor.ts";
import type { CryptoPort } from "../crypto-port.ts";
import type { PersonKey } from "../ids.ts";
import type { WallMs } from "../units.ts";

/** What is on record of one opening of vault envelopes. */
export interface OpeningRecord {
  /** 1, 2, 3 and so on, without a gap. */
  readonly n: number;
  readonly openedMs: WallMs;
  readonly caseId: string;
  /** In the officer's words, 8 to 500 characters. */
  readonly reason: string;
  /** Whose envelopes, in order of their keys. */
  readonly persons: readonly PersonKey[];
  /** Hash of the record before; 32 zero bytes before the first. */
  readonly previous: Uint8Array;
}

/** A record with the hash that the next one holds. */
export interface ChainedOpening extends OpeningRecord {
  readonly hash: Uint8Array;
}

/** How many openings there were, and the hash of the last record (32 bytes): what the public may know. */
export interface OpeningsHead {
  readonly count: number;
  readonly hash: Uint8Array;
}

export const NO_OPENINGS: OpeningsHead = { count: 0, hash: new Uint8Array(32) };

const LABEL = "bluepost v1 vault opening";

/** Hash of a record: SHA-256 of a CBOR array of the label and its fields, the persons as 16 bytes each. Source: protocol/FORMATS.md. */
export function openingHash(crypto: CryptoPort, record: OpeningRecord): Uint8Array {
  const { n, openedMs, caseId, reason, persons, previous } = record;
  return crypto.sha256(encodeCbor([LABEL, n, openedMs, caseId, reason, persons.map(fromHex), previous]));
}

/**
 * Finds the first record that was changed, left out or put in afterwards.
 *
 * @param records all records in order
 * @returns the number at which the chain breaks, or null when it holds
 */
export function brokenAt(crypto: CryptoPort, records: readonly ChainedOpening[]): number | null {
  let head = NO_OPENINGS;
  for (const record of records) {
    const follows = record.n === head.count + 1 && isEqual(record.previous, head.hash);
    if (!follows || !isEqual(record.hash, openingHash(crypto, record))) return head.count + 1;
    head = { count: record.n, hash: record.hash };
  }
  return null;
}

function isEqual(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, at) => byte === right[at]);
}
