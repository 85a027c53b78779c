import { createPrivateKey, createPublicKey } from "node:crypto";
import { concatBytes, fromHex, utf8 } from "../../protocol/bytes.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import type { RawKeyPair } from "./vault-key.ts";

/** PKCS #8 header of an Ed25519 private key (RFC 8410 section 7). */
const ED25519_PKCS8 = fromHex("302e020100300506032b657004220420");
const LABEL = utf8("bluepost v1 publishing key");

/** The key that signs published files. It follows from the engine's secret, so an authority that has its keys has it too. */
export function publishingKey(crypto: CryptoPort, secret: Uint8Array): RawKeyPair {
  const privateKey = crypto.hmacSha256(secret, LABEL);
  const der = Buffer.from(concatBytes(ED25519_PKCS8, privateKey));
  const jwk = createPublicKey(createPrivateKey({ key: der, format: "der", type: "pkcs8" })).export({ format: "jwk" });
  return { privateKey, publicKey: new Uint8Array(Buffer.from(String(jwk.x), "base64url")) };
}
