import { Sign1 } from "cose-kit";
import { importJWK, importSPKI, type KeyLike } from "jose";
import { toBase64Url } from "./bytes.ts";
import { decodeHostileCbor, encodeCbor } from "./cbor.ts";
import { BadSealError, MalformedError } from "./errors.ts";

/** Signature algorithms that we read, by COSE number (RFC 9053; PS256: RFC 8230). */
const COSE_NUMBER = { EdDSA: -8, ES256: -7, PS256: -37 } as const;
export type CoseAlgorithm = keyof typeof COSE_NUMBER;
const ALGORITHMS = new Map<unknown, CoseAlgorithm>([
  [COSE_NUMBER.EdDSA, "EdDSA"],
  [COSE_NUMBER.ES256, "ES256"],
  [COSE_NUMBER.PS256, "PS256"],
]);

const HEADER_ALG = 1;
const HEADER_KID = 4;
const HEADER_X5CHAIN = 33;
const TAG_SIGN1 = 18;
const TAG_CWT = 61;

/** The parts of a COSE_Sign1 message (RFC 9052 section 4.2), before its signature was checked. */
export interface Cose1 {
  readonly algorithm: CoseAlgorithm;
  /** Key id, from the protected header if it is there, else from the unprotected one. */
  readonly kid: Uint8Array | null;
  /** Certificates in DER, the signer's first (RFC 9360). */
  readonly x5chain: readonly Uint8Array[];
  readonly payload: Uint8Array;
  readonly signed: { readonly protectedHeader: Uint8Array; readonly signature: Uint8Array };
}

/** An imported key; make it once, it is costly. */
export type CoseKey = KeyLike | Uint8Array;

/** Imports an Ed25519 private key (32-byte seed) with its public half. */
export async function importSigningKey(pair: {
  readonly privateKey: Uint8Array;
  readonly publicKey: Uint8Array;
}): Promise<CoseKey> {
  return importJWK(
    { kty: "OKP", crv: "Ed25519", x: toBase64Url(pair.publicKey), d: toBase64Url(pair.privateKey) },
    "EdDSA",
  );
}

/** Imports a raw Ed25519 public key, 32 bytes. */
export async function importVerifyKey(publicKey: Uint8Array): Promise<CoseKey> {
  return importJWK({ kty: "OKP", crv: "Ed25519", x: toBase64Url(publicKey) }, "EdDSA");
}

/** Imports a public key from a PEM SubjectPublicKeyInfo. */
export async function importPemKey(pem: string, algorithm: CoseAlgorithm): Promise<CoseKey> {
  return importSPKI(pem, algorithm);
}

/** Signs a payload as tagged COSE_Sign1 with Ed25519. */
export async function signCose1(
  payload: Uint8Array,
  signer: { readonly key: CoseKey; readonly kid?: Uint8Array; readonly x5chain?: readonly Uint8Array[] },
): Promise<Uint8Array> {
  const unprotectedHeaders = {
    ...(signer.kid && { kid: signer.kid }),
    ...(signer.x5chain && { x5chain: [...signer.x5chain] }),
  };
  const message = await Sign1.sign({ alg: "EdDSA" }, unprotectedHeaders, payload, signer.key);
  return new Uint8Array(message.encode());
}

/**
 * Takes a COSE_Sign1 message apart without checking it.
 *
 * @throws {MalformedError} PROTO_MALFORMED when the bytes are not COSE_Sign1 or name an algorithm that we do not read
 */
export function parseCose1(bytes: Uint8Array): Cose1 {
  const parts = untag(untag(decodeHostileCbor(bytes), TAG_CWT), TAG_SIGN1);
  if (!Array.isArray(parts) || parts.length !== 4) throw new MalformedError("not COSE_Sign1");
  const [protectedHeader, unprotectedHeader, payload, signature] = parts as unknown[];
  if (!(protectedHeader instanceof Uint8Array) || !(unprotectedHeader instanceof Map))
    throw new MalformedError("not COSE_Sign1");
  if (!(payload instanceof Uint8Array) || !(signature instanceof Uint8Array))
    throw new MalformedError("not COSE_Sign1");
  const headers = protectedHeader.length === 0 ? new Map() : decodeHostileCbor(protectedHeader);
  if (!(headers instanceof Map)) throw new MalformedError("not COSE_Sign1");
  // Some issuers put the algorithm beside the signature instead of under it; the key decides what can verify, so nothing is lost.
  const algorithm = ALGORITHMS.get(headers.get(HEADER_ALG) ?? unprotectedHeader.get(HEADER_ALG));
  if (!algorithm) throw new MalformedError("COSE algorithm not supported");
  const kid: unknown = headers.get(HEADER_KID) ?? unprotectedHeader.get(HEADER_KID);
  return {
    algorithm,
    kid: kid instanceof Uint8Array ? kid : null,
    x5chain: chainOf(unprotectedHeader.get(HEADER_X5CHAIN)),
    payload,
    signed: { protectedHeader, signature },
  };
}

/** Takes one tag off when it is the given one; both tags of a signed CWT are optional (RFC 8392 section 6). */
function untag(value: unknown, tag: number): unknown {
  return isTag(value) && Number(value.tag) === tag ? value.contents : value;
}

function isTag(value: unknown): value is { tag: number | bigint; contents: unknown } {
  return typeof value === "object" && value !== null && "tag" in value && "contents" in value;
}

function chainOf(value: unknown): readonly Uint8Array[] {
  const chain = Array.isArray(value) ? value : value === undefined ? [] : [value];
  if (chain.length > 4 || !chain.every((item) => item instanceof Uint8Array))
    throw new MalformedError("not a certificate chain");
  return chain;
}

/** @throws {BadSealError} PROTO_BAD_SEAL when the signature is not by this key */
export async function verifyCose1(message: Cose1, key: CoseKey): Promise<void> {
  const { protectedHeader, signature } = message.signed;
  const headers = new Map([[HEADER_ALG, COSE_NUMBER[message.algorithm]]]);
  const sign1 = new Sign1(protectedHeader, headers, message.payload, signature);
  let good = false;
  try {
    good = await sign1.verify(key);
  } catch (cause) {
    throw new BadSealError("signature cannot be checked", {}, { cause });
  }
  if (!good) throw new BadSealError("signature does not verify");
}

/** CBOR payload helper: encodes, then signs. */
export async function signCborMessage(value: unknown, signer: Parameters<typeof signCose1>[1]): Promise<Uint8Array> {
  return signCose1(encodeCbor(value), signer);
}
