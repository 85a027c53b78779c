import { createCipheriv, createDecipheriv, createHmac, hash, randomBytes } from "node:crypto";
import type { AesGcmInput, BlockCipherPort, CryptoPort } from "../protocol/crypto-port.ts";
import { BadSealError } from "../protocol/errors.ts";

const TAG_BYTES = 16;

function cipherName(key: Uint8Array): "aes-128-gcm" | "aes-256-gcm" {
  return key.length === 16 ? "aes-128-gcm" : "aes-256-gcm";
}

function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}

/** For some ten bytes quicker than a `Buffer` from text, which takes a call out of JavaScript. */
function oneByteEach(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
  return bytes;
}

/** The {@link CryptoPort} and the block cipher over OpenSSL, as Node brings them. */
export const nodeCrypto: CryptoPort & BlockCipherPort = {
  randomBytes: (length) => plain(randomBytes(length)),
  // one call, no object to finalise; by way of text, since each buffer from OpenSSL would be an allocation of its own for the collector
  sha256: (bytes) => oneByteEach(hash("sha256", bytes, "binary")),
  hmacSha256: (key, bytes) => plain(createHmac("sha256", key).update(bytes).digest()),

  aesGcmSeal({ key, nonce, aad, text }: AesGcmInput): Uint8Array {
    const cipher = createCipheriv(cipherName(key), key, nonce);
    cipher.setAAD(aad);
    return plain(Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()]));
  },

  aesGcmOpen({ key, nonce, aad, text }: AesGcmInput): Uint8Array {
    if (text.length < TAG_BYTES) throw new BadSealError("sealed text too short");
    const body = text.subarray(0, text.length - TAG_BYTES);
    const decipher = createDecipheriv(cipherName(key), key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(aad);
    decipher.setAuthTag(text.subarray(text.length - TAG_BYTES));
    try {
      return plain(Buffer.concat([decipher.update(body), decipher.final()]));
    } catch (cause) {
      throw new BadSealError("seal does not verify", {}, { cause });
    }
  },

  aes128Blocks(key: Uint8Array, blocks: Uint8Array): Uint8Array {
    // whole blocks come out of update() at once, so padding never happens
    return plain(createCipheriv("aes-128-ecb", key, null).update(blocks));
  },
};
