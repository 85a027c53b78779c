import { utf8 } from "../bytes.ts";
import type { BlockCipherPort, CryptoPort } from "../crypto-port.ts";
import { MalformedError } from "../errors.ts";
import type { Dbm } from "../units.ts";

/** Length of a GAEN interval; an identifier is used for one. */
export const GAEN_INTERVAL_MS = 600_000;
/** Intervals of a whole key: one day. */
export const GAEN_KEY_INTERVALS = 144;
export const GAEN_KEY_BYTES = 16;
export const GAEN_ID_BYTES = 16;
export const GAEN_METADATA_BYTES = 4;
/** How far a phone's clock may be off between sending and hearing. Source: Exposure Notification, Cryptography Specification v1.2. */
export const GAEN_TOLERANCE_MS = 2 * 3_600_000;

/** A phone's key for one day, and the intervals (of ten minutes since 1970) that it covers. */
export interface TemporaryExposureKey {
  /** 16 bytes. */
  readonly key: Uint8Array;
  readonly rollingStart: number;
  /** 1 to 144. */
  readonly rollingPeriod: number;
}

const HASH_BLOCK = 64;
const HASH_BYTES = 32;
const IPAD = 0x36;
const OPAD = 0x5c;

/** HMAC-SHA256 as two bare hashes over blocks that are used again: an HMAC object a call costs more than the hashing. */
class BareHmac {
  readonly #crypto: CryptoPort;
  readonly #inner: Uint8Array;
  readonly #outer = new Uint8Array(HASH_BLOCK + HASH_BYTES).fill(OPAD, 0, HASH_BLOCK);

  /** The key is 32 zero bytes (a missing salt, RFC 5869 section 2.2) until {@link setKey}. */
  constructor(crypto: CryptoPort, textBytes: number) {
    this.#crypto = crypto;
    this.#inner = new Uint8Array(HASH_BLOCK + textBytes).fill(IPAD, 0, HASH_BLOCK);
  }

  /** @param key 32 bytes */
  setKey(key: Uint8Array): void {
    for (let i = 0; i < HASH_BYTES; i += 1) {
      const byte = key[i] as number;
      this.#inner[i] = byte ^ IPAD;
      this.#outer[i] = byte ^ OPAD;
    }
  }

  sum(text: Uint8Array): Uint8Array {
    this.#inner.set(text, HASH_BLOCK);
    this.#outer.set(this.#crypto.sha256(this.#inner), HASH_BLOCK);
    return this.#crypto.sha256(this.#outer);
  }
}

/** HKDF-SHA256 without salt, 16 bytes out of the first block, for keys of 16 bytes and one label. */
class KeyDerivation {
  readonly #extract: BareHmac;
  readonly #expand: BareHmac;
  readonly #label: Uint8Array;

  /** @param label info followed by the block number 1 */
  constructor(crypto: CryptoPort, label: Uint8Array) {
    this.#extract = new BareHmac(crypto, GAEN_KEY_BYTES);
    this.#expand = new BareHmac(crypto, label.length);
    this.#label = label;
  }

  derive(key: Uint8Array): Uint8Array {
    this.#expand.setKey(this.#extract.sum(key));
    return this.#expand.sum(this.#label).subarray(0, GAEN_KEY_BYTES);
  }
}

const RPIK_LABEL = utf8("EN-RPIK\u0001");
const AEMK_LABEL = utf8("EN-AEMK\u0001");
const RPI_LABEL = utf8("EN-RPI");

/** RPIK = HKDF(TEK, no salt, "EN-RPIK", 16): the key of a day's identifiers. */
export function gaenIdentifierKey(crypto: CryptoPort, key: Uint8Array): Uint8Array {
  return new KeyDerivation(crypto, RPIK_LABEL).derive(key);
}

/** AEMK = HKDF(TEK, no salt, "EN-AEMK", 16): the key of a day's metadata. */
export function gaenMetadataKey(crypto: CryptoPort, key: Uint8Array): Uint8Array {
  return new KeyDerivation(crypto, AEMK_LABEL).derive(key);
}

/**
 * Expands keys to identifiers, all those of one key with one call of the cipher: RPI = AES(RPIK, "EN-RPI" | 6 zero bytes | interval
 * as 4 bytes little-endian).
 *
 * Source: Exposure Notification, Cryptography Specification v1.2. Vectors: vectors/gaen.
 */
export class GaenExpander {
  readonly #crypto: BlockCipherPort;
  readonly #identifierKeys: KeyDerivation;
  /** Plain blocks of the last start and period; the keys of one file share a few. */
  #blocks = new Uint8Array(0);
  #start = -1;

  constructor(crypto: CryptoPort & BlockCipherPort) {
    this.#crypto = crypto;
    this.#identifierKeys = new KeyDerivation(crypto, RPIK_LABEL);
  }

  /** @returns the identifiers of the key's intervals in order, 16 bytes each */
  expand({ key, rollingStart, rollingPeriod }: TemporaryExposureKey): Uint8Array {
    const length = rollingPeriod * GAEN_ID_BYTES;
    if (this.#start !== rollingStart || this.#blocks.length !== length) {
      this.#blocks = blocksOf(rollingStart, rollingPeriod);
      this.#start = rollingStart;
    }
    return this.#crypto.aes128Blocks(this.#identifierKeys.derive(key), this.#blocks);
  }
}

function blocksOf(start: number, count: number): Uint8Array<ArrayBuffer> {
  const blocks = new Uint8Array(count * GAEN_ID_BYTES);
  const view = new DataView(blocks.buffer);
  for (let i = 0; i < count; i += 1) {
    blocks.set(RPI_LABEL, i * GAEN_ID_BYTES);
    view.setUint32(i * GAEN_ID_BYTES + 12, start + i, true);
  }
  return blocks;
}

/** What a GAEN advertisement says about its sender. */
export interface GaenMetadata {
  readonly majorVersion: number;
  readonly minorVersion: number;
  /** Transmit power as calibrated. */
  readonly txPower: Dbm;
}

/** Encrypts or decrypts 4 bytes of metadata: AES-CTR under the AEMK with the identifier as first counter block. */
export function cryptGaenMetadata(
  crypto: BlockCipherPort,
  metadataKey: Uint8Array,
  sent: { readonly id: Uint8Array; readonly metadata: Uint8Array },
): Uint8Array {
  const stream = crypto.aes128Blocks(metadataKey, sent.id);
  return sent.metadata.map((byte, at) => byte ^ (stream[at] as number));
}

/**
 * Reads decrypted metadata: version in the two high pairs of bits, then transmit power as a signed byte; the rest is reserved.
 *
 * @throws {MalformedError} PROTO_MALFORMED when it has not 4 bytes
 */
export function parseGaenMetadata(bytes: Uint8Array): GaenMetadata {
  if (bytes.length !== GAEN_METADATA_BYTES) throw new MalformedError("not GAEN metadata", { bytes: bytes.length });
  const [version = 0, power = 0] = bytes;
  return { majorVersion: version >> 6, minorVersion: (version >> 4) & 3, txPower: ((power << 24) >> 24) as Dbm };
}
