import { concatBytes, fromBase64Url, toBase64Url } from "../bytes.ts";
import { MalformedError } from "../errors.ts";

/** Key pair on P-256: scalar of 32 bytes and uncompressed point of 65 bytes (`04 | X | Y`). */
export interface P256KeyPair {
  readonly privateKey: Uint8Array;
  readonly publicKey: Uint8Array;
}

// Source: SEC 2 version 2, section 2.4.2 (secp256r1).
const P = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
const B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;

const CURVE = { namedCurve: "P-256" } as const;
const subtle = globalThis.crypto.subtle;

/** Compresses a 65-byte point into 33 bytes (`02` or `03`, then X). */
export function compressPoint(point: Uint8Array): Uint8Array {
  if (point.length !== 65 || point[0] !== 4) throw new MalformedError("not an uncompressed point");
  return concatBytes(Uint8Array.of(2 + ((point[64] ?? 0) & 1)), point.subarray(1, 33));
}

/**
 * Expands a 33-byte point into 65 bytes. Takes about a millisecond; not in constant time, so never for a secret.
 *
 * @throws {MalformedError} PROTO_MALFORMED when it is not the compressed form of a point of the curve
 */
export function expandPoint(compressed: Uint8Array): Uint8Array {
  const sign = compressed[0];
  if (compressed.length !== 33 || (sign !== 2 && sign !== 3)) throw new MalformedError("not a compressed point");
  const x = toInteger(compressed.subarray(1));
  if (x >= P) throw new MalformedError("not a point of P-256");
  const square = (x * x * x - 3n * x + B) % P;
  const root = power(square < 0n ? square + P : square, (P + 1n) / 4n); // P = 3 modulo 4
  if ((root * root - square) % P !== 0n) throw new MalformedError("not a point of P-256");
  const y = Number(root & 1n) === sign - 2 ? root : P - root;
  return concatBytes(Uint8Array.of(4), compressed.subarray(1), toBytes(y));
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = base;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
}

function toInteger(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return value;
}

function toBytes(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * (31 - i))) & 0xffn));
}

function jwk(pair: P256KeyPair): Record<string, string> {
  return {
    kty: "EC",
    crv: "P-256",
    d: toBase64Url(pair.privateKey),
    x: toBase64Url(pair.publicKey.subarray(1, 33)),
    y: toBase64Url(pair.publicKey.subarray(33)),
  };
}

/** Makes a key pair with the platform's random numbers. */
export async function createP256KeyPair(): Promise<P256KeyPair> {
  const pair = await subtle.generateKey({ name: "ECDH", ...CURVE }, true, ["deriveBits"]);
  const { d = "", x = "", y = "" } = await subtle.exportKey("jwk", pair.privateKey);
  return {
    privateKey: fromBase64Url(d),
    publicKey: concatBytes(Uint8Array.of(4), fromBase64Url(x), fromBase64Url(y)),
  };
}

/**
 * Agrees on a secret: X of the shared point, 32 bytes.
 *
 * @throws {MalformedError} PROTO_MALFORMED when `theirs` is not a point of the curve, or `mine` not a pair
 */
export async function agreeP256(mine: P256KeyPair, theirs: Uint8Array): Promise<Uint8Array> {
  try {
    const algorithm = { name: "ECDH", ...CURVE };
    const privateKey = await subtle.importKey("jwk", jwk(mine), algorithm, false, ["deriveBits"]);
    const publicKey = await subtle.importKey("raw", new Uint8Array(theirs), algorithm, false, []);
    return new Uint8Array(await subtle.deriveBits({ name: "ECDH", public: publicKey }, privateKey, 256));
  } catch (cause) {
    throw new MalformedError("key agreement on P-256 failed", {}, { cause });
  }
}

/** Signs with ECDSA and SHA-256; 64 bytes, r then s. */
export async function signP256(pair: P256KeyPair, text: Uint8Array): Promise<Uint8Array> {
  const key = await subtle.importKey("jwk", jwk(pair), { name: "ECDSA", ...CURVE }, false, ["sign"]);
  return new Uint8Array(await subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key, new Uint8Array(text)));
}

/**
 * Checks a signature of {@link signP256}. @param publicKey 65 bytes
 *
 * @throws {MalformedError} PROTO_MALFORMED when `publicKey` is not a point of the curve
 */
export async function isSignedP256(publicKey: Uint8Array, text: Uint8Array, signature: Uint8Array): Promise<boolean> {
  try {
    const key = await subtle.importKey("raw", new Uint8Array(publicKey), { name: "ECDSA", ...CURVE }, false, [
      "verify",
    ]);
    const algorithm = { name: "ECDSA", hash: "SHA-256" };
    return await subtle.verify(algorithm, key, new Uint8Array(signature), new Uint8Array(text));
  } catch (cause) {
    throw new MalformedError("not a key of P-256", {}, { cause });
  }
}
