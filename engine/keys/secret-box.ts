import { concatBytes, utf8 } from "../../protocol/bytes.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import { BadSealError } from "../../protocol/errors.ts";

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Seals what must not lie open in the database, under a key that follows from the engine's secret; who copies the file alone has nothing. */
export class SecretBox {
  readonly #crypto: CryptoPort;
  readonly #key: Uint8Array;
  readonly #purpose: Uint8Array;

  /** @param purpose text that keeps boxes of one use from opening in another */
  constructor(crypto: CryptoPort, secret: Uint8Array, purpose: string) {
    this.#crypto = crypto;
    this.#purpose = utf8(`bluepost v1 ${purpose}`);
    this.#key = crypto.hmacSha256(secret, this.#purpose);
  }

  /** @returns nonce (12 bytes), ciphertext, tag (16 bytes) */
  seal(text: Uint8Array): Uint8Array {
    const nonce = this.#crypto.randomBytes(NONCE_BYTES);
    return concatBytes(nonce, this.#crypto.aesGcmSeal({ key: this.#key, nonce, aad: this.#purpose, text }));
  }

  /** @throws {BadSealError} PROTO_BAD_SEAL when it was sealed under another secret or for another purpose */
  open(box: Uint8Array): Uint8Array {
    if (box.length < NONCE_BYTES + TAG_BYTES) throw new BadSealError("sealed text too short");
    const nonce = box.subarray(0, NONCE_BYTES);
    return this.#crypto.aesGcmOpen({ key: this.#key, nonce, aad: this.#purpose, text: box.subarray(NONCE_BYTES) });
  }

  /** Names a text without giving it away: HMAC under the box's key, 16 bytes. */
  nameOf(text: Uint8Array): Uint8Array {
    return this.#crypto.hmacSha256(this.#key, text).slice(0, TAG_BYTES);
  }
}
