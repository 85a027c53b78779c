import "reflect-metadata";
import { webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";
import { MalformedError } from "../../protocol/errors.ts";
import { rawKeyPair } from "./chain.ts";

x509.cryptoProvider.set(webcrypto as never); // the library types this as the DOM's Crypto, which Node's is at run time

const ALGORITHM = { name: "Ed25519" };
/** Longest request that is looked at: ours have about 300 characters, PEM. */
const MAX_PEM = 4_096;

/** Makes an Ed25519 key where it is to stay. @returns PKCS #8, PEM */
export async function createDeviceKey(): Promise<string> {
  const { privateKey } = (await webcrypto.subtle.generateKey(ALGORITHM, true, [
    "sign",
    "verify",
  ])) as webcrypto.CryptoKeyPair;
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", privateKey), "PRIVATE KEY");
}

/** Makes a certificate request (PKCS #10, RFC 2986), signed by the key itself. The name in it is of no account. @returns PEM */
export async function createRequest(privateKeyPem: string): Promise<string> {
  const der = x509.PemConverter.decode(privateKeyPem)[0] as ArrayBuffer;
  const { publicKey } = rawKeyPair(privateKeyPem);
  const keys = {
    privateKey: await webcrypto.subtle.importKey("pkcs8", der, ALGORITHM, false, ["sign"]),
    publicKey: await webcrypto.subtle.importKey("raw", Uint8Array.from(publicKey), ALGORITHM, true, ["verify"]),
  };
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: "CN=kiosk",
    keys,
    signingAlgorithm: ALGORITHM,
  });
  return request.toString("pem");
}

/**
 * Reads a certificate request and checks that its sender holds the key.
 *
 * @returns raw Ed25519 public key, 32 bytes
 * @throws {MalformedError} PROTO_MALFORMED when it is none, not of an Ed25519 key, or not signed by that key
 */
export async function requestedKey(pem: string): Promise<Uint8Array> {
  if (pem.length > MAX_PEM) throw new MalformedError("not a certificate request");
  try {
    const request = new x509.Pkcs10CertificateRequest(pem);
    if (request.publicKey.algorithm.name !== ALGORITHM.name) throw new MalformedError("not an Ed25519 key");
    if (!(await request.verify())) throw new MalformedError("the request is not signed by its key");
    return new Uint8Array(request.publicKey.rawData).slice(-32);
  } catch (cause) {
    if (cause instanceof MalformedError) throw cause;
    throw new MalformedError("not a certificate request", {}, { cause });
  }
}
