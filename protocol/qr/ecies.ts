import { concatBytes, fromHex } from "../bytes.ts";
import type { CryptoPort } from "../crypto-port.ts";
import { BadSealError } from "../errors.ts";
import { agreeP256, compressPoint, createP256KeyPair, expandPoint, type P256KeyPair } from "./p256.ts";

/** What a sealed text is longer than its plain text: tag 16 and compressed ephemeral point 33. */
export const ECIES_OVERHEAD_BYTES = 49;
const POINT_BYTES = 33;

/** Fixed, because every message has a key of its own. The specification prints it one digit short; this one opens its vectors. */
const IV = fromHex("f0f1f2f3f4f5f6f7f8f9fafb");
const KDF1_COUNTER = new Uint8Array(4);

async function messageKey(crypto: CryptoPort, ephemeral: Uint8Array, secret: Uint8Array): Promise<Uint8Array> {
  return crypto.sha256(concatBytes(ephemeral, secret, KDF1_COUNTER));
}

/**
 * Seals to a P-256 key: ECDH, KDF1 with SHA-256, AES-256-GCM; `ciphertext | tag | ephemeral point`.
 *
 * Source: Clea specification v0, section "ECIES" (ISO/IEC 18033-2, ECIES-KEM).
 *
 * @param box.ephemeral a key pair for this message only; made here when left out
 */
export async function sealEcies(
  crypto: CryptoPort,
  box: {
    readonly recipient: Uint8Array;
    readonly aad: Uint8Array;
    readonly text: Uint8Array;
    readonly ephemeral?: P256KeyPair;
  },
): Promise<Uint8Array> {
  const ephemeral = box.ephemeral ?? (await createP256KeyPair());
  const point = compressPoint(ephemeral.publicKey);
  const key = await messageKey(crypto, point, await agreeP256(ephemeral, box.recipient));
  return concatBytes(crypto.aesGcmSeal({ key, nonce: IV, aad: box.aad, text: box.text }), point);
}

/**
 * The inverse of {@link sealEcies}.
 *
 * @throws {BadSealError} PROTO_BAD_SEAL when the box was sealed to another key or changed
 */
export async function openEcies(
  crypto: CryptoPort,
  box: { readonly recipient: P256KeyPair; readonly aad: Uint8Array; readonly sealed: Uint8Array },
): Promise<Uint8Array> {
  const { recipient, aad, sealed } = box;
  if (sealed.length < ECIES_OVERHEAD_BYTES) throw new BadSealError("sealed text too short");
  const point = sealed.subarray(-POINT_BYTES);
  const key = await messageKey(crypto, point, await agreeP256(recipient, expandPoint(point)));
  return crypto.aesGcmOpen({ key, nonce: IV, aad, text: sealed.subarray(0, -POINT_BYTES) });
}
