import { Aes128Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from "@hpke/core";
import { BadSealError } from "../errors.ts";

/** The one suite of all our sealed messages. Source: RFC 9180, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM. */
export const hpkeSuite = new CipherSuite({
  kem: new DhkemX25519HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new Aes128Gcm(),
});

/** One message sealed to one public key. */
export interface HpkeBox {
  /** Encapsulated key, 32 bytes. */
  readonly enc: Uint8Array;
  /** Ciphertext and 16-byte tag. */
  readonly box: Uint8Array;
}

/** What a box is bound to: its purpose, and the data that must not change. */
export interface HpkeBinding {
  readonly info: Uint8Array;
  readonly aad: Uint8Array;
}

/** A key pair that only its maker holds; the private half cannot be exported. */
export type HpkeKeyPair = Awaited<ReturnType<typeof hpkeSuite.kem.generateKeyPair>>;

/** Makes a key pair for one question and its answer. */
export function createHpkeKeyPair(): Promise<HpkeKeyPair> {
  return hpkeSuite.kem.generateKeyPair();
}

/** The public half, raw X25519, 32 bytes. */
export async function hpkePublicKey(pair: HpkeKeyPair): Promise<Uint8Array> {
  return new Uint8Array(await hpkeSuite.kem.serializePublicKey(pair.publicKey));
}

/**
 * Seals one message to a public key, in base mode.
 *
 * @param publicKey raw X25519, 32 bytes
 * @throws {BadSealError} PROTO_BAD_SEAL when it is not a public key
 */
export async function sealHpke(
  publicKey: Uint8Array,
  { info, aad, text }: HpkeBinding & { readonly text: Uint8Array },
): Promise<HpkeBox> {
  try {
    const recipientPublicKey = await hpkeSuite.kem.deserializePublicKey(publicKey);
    const { enc, ct } = await hpkeSuite.seal({ recipientPublicKey, info }, text, aad);
    return { enc: new Uint8Array(enc), box: new Uint8Array(ct) };
  } catch (cause) {
    throw new BadSealError("cannot seal to this key", {}, { cause });
  }
}

/** The inverse of {@link sealHpke}. @throws {BadSealError} PROTO_BAD_SEAL when it was sealed for another key or purpose, or was changed */
export async function openHpke(pair: HpkeKeyPair, { enc, box, info, aad }: HpkeBox & HpkeBinding): Promise<Uint8Array> {
  try {
    return new Uint8Array(await hpkeSuite.open({ recipientKey: pair, enc, info }, box, aad));
  } catch (cause) {
    throw new BadSealError("sealed message does not open", {}, { cause });
  }
}
