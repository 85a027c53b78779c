import { scrypt } from "node:crypto";
import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { fromHex, toHex, utf8 } from "../../protocol/bytes.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import { EngineKeysError } from "../errors.ts";

const Hex = (bytes: number) => Type.String({ pattern: `^[0-9a-f]{${2 * bytes}}$` });

/** The file vault.key: the authority's vault key under a passphrase (scrypt, AES-256-GCM). */
const LockedKey = Type.Object(
  {
    v: Type.Literal(1),
    /** scrypt cost (RFC 7914): a guess costs about 128 MiB and half a second. */
    n: Type.Integer({ minimum: 16_384, maximum: 1_048_576 }),
    salt: Hex(16),
    nonce: Hex(12),
    box: Hex(48),
    publicKey: Hex(32),
  },
  { additionalProperties: false },
);
type LockedKey = Static<typeof LockedKey>;

/** Two raw X25519 halves, 32 bytes each. */
export interface RawKeyPair {
  readonly publicKey: Uint8Array;
  readonly privateKey: Uint8Array;
}

const SCRYPT_N = 131_072;
const SCRYPT_R = 8;
const LABEL = utf8("bluepost v1 vault key");

function derive(passphrase: string, salt: Uint8Array, n: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    scrypt(
      passphrase.normalize("NFC"),
      salt,
      32,
      { N: n, r: SCRYPT_R, p: 1, maxmem: 256 * n * SCRYPT_R },
      (fault, key) => (fault ? reject(fault) : resolve(new Uint8Array(key))),
    );
  });
}

/** Locks the vault key under a passphrase. @returns text of the file */
export async function lockVaultKey(crypto: CryptoPort, pair: RawKeyPair, passphrase: string): Promise<string> {
  const salt = crypto.randomBytes(16);
  const nonce = crypto.randomBytes(12);
  const key = await derive(passphrase, salt, SCRYPT_N);
  const box = crypto.aesGcmSeal({ key, nonce, aad: LABEL, text: pair.privateKey });
  const locked: LockedKey = {
    v: 1,
    n: SCRYPT_N,
    salt: toHex(salt),
    nonce: toHex(nonce),
    box: toHex(box),
    publicKey: toHex(pair.publicKey),
  };
  return `${JSON.stringify(locked)}\n`;
}

function parseLocked(text: string): LockedKey {
  const value: unknown = parseJson(text);
  if (!Value.Check(LockedKey, value)) throw new EngineKeysError("vault.key is not a locked key");
  return value;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new EngineKeysError("vault.key is not JSON", {}, { cause });
  }
}

/** The public half, which needs no passphrase. @throws {EngineKeysError} ENGINE_KEYS when the file is not of its form */
export function vaultPublicKey(text: string): Uint8Array {
  return fromHex(parseLocked(text).publicKey);
}

/**
 * Unlocks the vault key; costs about half a second.
 *
 * @throws {BadSealError} PROTO_BAD_SEAL when the passphrase is wrong
 * @throws {EngineKeysError} ENGINE_KEYS when the file is not of its form
 */
export async function unlockVaultKey(crypto: CryptoPort, text: string, passphrase: string): Promise<RawKeyPair> {
  const locked = parseLocked(text);
  const key = await derive(passphrase, fromHex(locked.salt), locked.n);
  const privateKey = crypto.aesGcmOpen({ key, nonce: fromHex(locked.nonce), aad: LABEL, text: fromHex(locked.box) });
  return { publicKey: fromHex(locked.publicKey), privateKey };
}
