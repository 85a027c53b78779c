import { bigEndian, concatBytes, utf8 } from "../bytes.ts";
import type { CryptoPort } from "../crypto-port.ts";

/** How long an identifier is sent: ten minutes, as with GAEN. */
export const ROTATION_MS = 600_000;
export const ROTATING_ID_BYTES = 16;
/** Bytes of a token's seed. */
export const TOKEN_SEED_BYTES = 16;

const BEACON_LABEL = utf8("bluepost beacon id v1");
const TOKEN_LABEL = utf8("bluepost token id v1");

/** Numbers the ten minutes that an instant falls in, counted from 1970. */
export function rotationInterval(atMs: number): number {
  return Math.floor(atMs / ROTATION_MS);
}

function rotatingId(crypto: CryptoPort, key: Uint8Array, label: Uint8Array, interval: number): Uint8Array {
  return crypto.hmacSha256(key, concatBytes(label, bigEndian(interval, 4))).slice(0, ROTATING_ID_BYTES);
}

/**
 * Identifier of a kiosk's beacon: HMAC-SHA256(key, "bluepost beacon id v1" | interval as 4 bytes big-endian), first 16 bytes.
 *
 * @param key LTKey(n), 32 bytes: the key that is published when a case was at the venue that day
 */
export function beaconId(crypto: CryptoPort, key: Uint8Array, interval: number): Uint8Array {
  return rotatingId(crypto, key, BEACON_LABEL, interval);
}

/** Identifier of a token: the same with the label "bluepost token id v1". @param seed 16 bytes */
export function tokenId(crypto: CryptoPort, seed: Uint8Array, interval: number): Uint8Array {
  return rotatingId(crypto, seed, TOKEN_LABEL, interval);
}
