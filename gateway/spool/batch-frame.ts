import { standsAt } from "../../protocol/bytes.ts";
import { BATCH_MAX_ROWS, BATCH_VERSION, batchHash, type StreamKey } from "../../protocol/checkin/batch.ts";
import { MAX_SEQ } from "../../protocol/checkin/record.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import { MalformedError, requireInteger } from "../../protocol/errors.ts";
import { parseDeviceId, parseEpoch, parseSiteId, parseStream, type SiteId } from "../../protocol/ids.ts";
import type { ChainLink } from "./chain.ts";

/** What every message of one stream begins with, until its device gets new certificates. */
export interface BatchHead extends StreamKey {
  readonly site: SiteId;
  /** What stands before the payload's byte string: COSE headers with the certificates. */
  readonly prefix: Buffer;
  /** The payload's first bytes, up to `from`. */
  readonly names: Buffer;
}

/** The header of a signed batch and where its payload stands; rows and sessions are walked, never decoded. */
export interface BatchFrame extends ChainLink {
  /** The same object as the `known` one when the message begins like it. */
  readonly head: BatchHead;
  /** SHA-256 of the payload. */
  readonly hash: Uint8Array;
  /** View into the message, 32 bytes. */
  readonly previousHash: Uint8Array;
}

const TAG_SIGN1 = 18;
const SIGNATURE_BYTES = 64;
/** COSE header maps and sealing sessions nest three deep; certificates are plain byte strings. */
const MAX_DEPTH = 8;

const UNSIGNED = 0;
const BYTES = 2;
const TEXT = 3;
const ARRAY = 4;
const MAP = 5;
const TAG = 6;

/**
 * Reads the header of a COSE_Sign1 over a batch (protocol/FORMATS.md, "Batch").
 *
 * A general COSE decoder takes 70 microseconds a message, which is the whole budget of a gateway; this walk takes two, and less when the
 * message begins like one before it. It checks form only: the signature is the engine's to check, and the session that sent it was
 * checked by TLS.
 *
 * @param known how messages of this sender began before
 * @throws {MalformedError} PROTO_MALFORMED or {OutOfRangeError} PROTO_OUT_OF_RANGE when the bytes are not exactly one such message
 */
export function readBatchFrame(crypto: CryptoPort, bytes: Uint8Array, known: BatchHead | null = null): BatchFrame {
  const cose = new Cursor(bytes);
  const isKnown = known !== null && cose.passSame(known.prefix);
  if (!isKnown) passCoseHeaders(cose);
  const prefixBytes = cose.at;
  const payload = cose.take();
  if (cose.pass(BYTES) !== SIGNATURE_BYTES) throw new MalformedError("not an Ed25519 signature");
  cose.end();
  const cursor = new Cursor(payload);
  const head = isKnown && cursor.passSame(known.names) ? known : readHead(cursor, bytes.subarray(0, prefixBytes));
  const { from, to, previousHash } = readLink(cursor);
  return { head, from, to, previousHash, hash: batchHash(crypto, payload) };
}

function passCoseHeaders(cose: Cursor): void {
  if (cose.peekMajor() === TAG && cose.expect(TAG) !== TAG_SIGN1) throw new MalformedError("not COSE_Sign1");
  if (cose.expect(ARRAY) !== 4) throw new MalformedError("not COSE_Sign1");
  cose.pass(BYTES);
  if (cose.peekMajor() !== MAP) throw new MalformedError("not COSE_Sign1");
  cose.skip(0);
}

/** Reads whose stream it is; copies what it was read from, so that no network buffer is kept for it. */
function readHead(cursor: Cursor, prefix: Uint8Array): BatchHead {
  if (cursor.expect(ARRAY) !== 10 || cursor.expect(UNSIGNED) !== BATCH_VERSION) throw new MalformedError("not a batch");
  const site = parseSiteId(cursor.text());
  const device = parseDeviceId(cursor.text());
  const epoch = parseEpoch(cursor.hex(8));
  const stream = parseStream(cursor.text());
  return { site, device, epoch, stream, prefix: Buffer.from(prefix), names: Buffer.from(cursor.passed) };
}

function readLink(cursor: Cursor): Omit<ChainLink, "hash"> {
  const from = requireInteger("from", cursor.expect(UNSIGNED), { min: 1, max: MAX_SEQ });
  const last = Math.min(MAX_SEQ, from + BATCH_MAX_ROWS - 1);
  const to = requireInteger("to", cursor.expect(UNSIGNED), { min: from, max: last });
  const previousHash = cursor.fixed(32);
  if (cursor.peekMajor() !== ARRAY) throw new MalformedError("not batch sessions");
  cursor.skip(0);
  if (cursor.expect(ARRAY) !== to - from + 1) throw new MalformedError("batch rows do not match its bounds");
  for (let seq = from; seq <= to; seq += 1) cursor.pass(BYTES);
  cursor.end();
  return { from, to, previousHash };
}

/** Bytes up to which a loop is quicker than a call out of JavaScript. */
const SHORT_BYTES = 64;

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

function holds(bytes: Uint8Array, at: number, expected: Buffer): boolean {
  if (expected.length <= SHORT_BYTES) return standsAt(bytes, at, expected);
  return expected.compare(bytes, at, at + expected.length) === 0;
}

/** Walks definite-length CBOR (RFC 8949); our encoders write no other. */
class Cursor {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Bytes read so far. */
  get at(): number {
    return this.#at;
  }

  /** The bytes read so far, as a view. */
  get passed(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  /** Passes over these bytes when they come next. @returns whether they do */
  passSame(expected: Buffer): boolean {
    const end = this.#at + expected.length;
    if (end > this.#bytes.length || !holds(this.#bytes, this.#at, expected)) return false;
    this.#at = end;
    return true;
  }

  /** Major type of the next item; -1 at the end. */
  peekMajor(): number {
    const byte = this.#bytes[this.#at];
    return byte === undefined ? -1 : byte >> 5;
  }

  /** Reads a head of this major type and returns its argument. */
  expect(major: number): number {
    if (this.peekMajor() !== major) throw new MalformedError("unexpected CBOR type");
    return this.#argument();
  }

  /** Passes over a byte or text string. @returns its length */
  pass(major: number): number {
    const length = this.expect(major);
    if (length > this.#bytes.length - this.#at) throw new MalformedError("CBOR string past the end");
    this.#at += length;
    return length;
  }

  /** Reads a byte string as a view. */
  take(): Uint8Array {
    const length = this.pass(BYTES);
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + this.#at - length, length);
  }

  /** A short text of one-byte characters; anything longer or other fails the id patterns anyway. */
  text(): string {
    const length = this.pass(TEXT);
    if (length > 64) throw new MalformedError("CBOR text too long");
    return bufferOf(this.#bytes).toString("latin1", this.#at - length, this.#at);
  }

  fixed(length: number): Uint8Array {
    const bytes = this.take();
    if (bytes.length !== length) throw new MalformedError(`not ${length} bytes`);
    return bytes;
  }

  /** A byte string of this length as lower-case hex. */
  hex(length: number): string {
    if (this.pass(BYTES) !== length) throw new MalformedError(`not ${length} bytes`);
    return bufferOf(this.#bytes).toString("hex", this.#at - length, this.#at);
  }

  /** Passes over one item with everything in it. */
  skip(depth: number): void {
    if (depth > MAX_DEPTH) throw new MalformedError("CBOR nested too deeply");
    const major = this.peekMajor();
    if (major < 0) throw new MalformedError("CBOR ends early");
    if (major === BYTES || major === TEXT) {
      this.pass(major);
      return;
    }
    const argument = this.#argument();
    const inner = major === ARRAY ? argument : major === MAP ? 2 * argument : major === TAG ? 1 : 0;
    for (let item = 0; item < inner; item += 1) this.skip(depth + 1);
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw new MalformedError("bytes after the CBOR item");
  }

  #argument(): number {
    const short = (this.#bytes[this.#at] as number) & 31;
    this.#at += 1;
    if (short < 24) return short;
    if (short > 27) throw new MalformedError("CBOR of indefinite length");
    const width = 1 << (short - 24);
    if (width > this.#bytes.length - this.#at) throw new MalformedError("CBOR ends early");
    let value = 0;
    for (let i = 0; i < width; i += 1) value = value * 256 + (this.#bytes[this.#at + i] as number);
    this.#at += width;
    return value;
  }
}
