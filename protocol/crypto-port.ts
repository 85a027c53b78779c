/**
 * The primitives that protocol code needs on the hot path, so that it runs in Node and in a browser alike.
 *
 * All calls are synchronous: at the door one scan costs one HMAC and two AES blocks, and a promise each would cost more.
 * Signatures go through protocol/cose.ts and key agreement through HPKE, which bring their own.
 */
export interface CryptoPort {
  randomBytes(length: number): Uint8Array;
  sha256(bytes: Uint8Array): Uint8Array;
  hmacSha256(key: Uint8Array, bytes: Uint8Array): Uint8Array;
  /** AES-GCM; returns ciphertext followed by the 16-byte tag. */
  aesGcmSeal(box: AesGcmInput): Uint8Array;
  /** The inverse of {@link aesGcmSeal}. @throws {BadSealError} PROTO_BAD_SEAL when the tag does not verify */
  aesGcmOpen(box: AesGcmInput): Uint8Array;
}

/** Key (16 or 32 bytes), nonce (12 bytes), text and additional data of one AES-GCM operation. */
export interface AesGcmInput {
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
  readonly aad: Uint8Array;
  readonly text: Uint8Array;
}

/** The bare AES block function, which GAEN identifiers are made with. A browser brings none: phones derive ours with HMAC. */
export interface BlockCipherPort {
  /**
   * Encrypts whole 16-byte blocks, each on its own (ECB, no padding), in one call: the set-up of a cipher costs more than 100 blocks.
   *
   * @param key 16 bytes
   */
  aes128Blocks(key: Uint8Array, blocks: Uint8Array): Uint8Array;
}
