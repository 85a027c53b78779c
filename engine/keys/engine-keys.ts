import { createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { concatBytes, fromHex, toHex } from "../../protocol/bytes.ts";
import { createSealingKeyPair } from "../../protocol/checkin/sealing.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import type { P256KeyPair } from "../../protocol/qr/p256.ts";
import type { WallMs } from "../../protocol/units.ts";
import { createRoot, type Identity } from "../../runtime/pki/authority.ts";
import { rawKeyPair } from "../../runtime/pki/chain.ts";
import { EngineKeysError } from "../errors.ts";
import { storeFile } from "../store/open-store.ts";
import {
  isThere,
  makeSecretFolder,
  namesIn,
  PUBLIC_FILE_MODE,
  readKeyFile,
  readSecretFile,
  SECRET_FILE_MODE,
  syncFolder,
  writeDurably,
} from "./key-files.ts";
import { lockVaultKey, type RawKeyPair, vaultPublicKey } from "./vault-key.ts";

/** The keys that a running engine works with; the private vault key is not among them. */
export interface EngineKeys {
  readonly root: Identity;
  /** Signs receipts; raw Ed25519. */
  readonly receipt: RawKeyPair;
  /** Opens match envelopes; raw X25519. */
  readonly match: RawKeyPair;
  readonly vaultPublicKey: Uint8Array;
  /** Venue codes are sealed to it, and claims of presence opened with it; P-256, the point uncompressed (65 bytes). */
  readonly venue: P256KeyPair;
  /** Signs cards; raw Ed25519. */
  readonly cardIssuer: RawKeyPair;
  /** Key of the persons' keys, 32 bytes. */
  readonly secret: Uint8Array;
}

const FILES = {
  rootCertificate: "root.crt.pem",
  rootKey: "root.key.pem",
  receipt: "receipt.key.pem",
  match: "match.key",
  vault: "vault.key",
  vaultPassphrase: "vault.passphrase",
  venue: "venue.key.pem",
  cardIssuer: "card-issuer.key.pem",
  secret: "secret",
} as const;

/** The folder of the keys within the engine's data folder. */
export function keysFolder(dataDir: string): string {
  return join(dataDir, "keys");
}

const CURE =
  "restore the folder keys/ from a backup, since new keys open no row of old ones. Only where nothing ever came in, move keys/ and engine.db away";

/** What an engine does not work without; the passphrase belongs off the machine. */
const NEEDED: readonly string[] = Object.values(FILES).filter((name) => name !== FILES.vaultPassphrase);

/**
 * Whether the authority's keys were made; false only where there is neither a key nor a database.
 *
 * @throws {EngineKeysError} ENGINE_KEYS when some of the files are there and some are not, or nobody can tell
 */
export async function hasEngineKeys(dataDir: string): Promise<boolean> {
  const names = await namesIn(keysFolder(dataDir));
  const missing = NEEDED.filter((name) => !names.includes(name));
  if (missing.length === 0) return true;
  if (Object.values(FILES).some((name) => names.includes(name))) {
    throw new EngineKeysError(`of the authority's keys ${missing.join(", ")} are missing: ${CURE}`);
  }
  if (await isThere(storeFile(dataDir))) {
    throw new EngineKeysError(`engine.db is there, and the authority's keys are not: ${CURE}`);
  }
  return false;
}

/**
 * Makes a development authority: every key that an engine needs, each in a file of its own (0600) in `keys/` (0700).
 *
 * The vault key's passphrase lies beside it in `vault.passphrase`; a real authority moves it off the machine.
 *
 * They come into `keys/` all at once: whatever breaks off before leaves no authority there.
 *
 * @throws {EngineKeysError} ENGINE_KEYS when keys or a database are there already: keys are never overwritten, and new ones would not
 * open the rows of others
 */
export async function createEngineKeys(
  dataDir: string,
  make: { readonly crypto: CryptoPort; readonly nowMs: WallMs; readonly name?: string },
): Promise<EngineKeys> {
  if (await hasEngineKeys(dataDir)) throw new EngineKeysError("the authority's keys are there already");
  const draft = `${keysFolder(dataDir)}.${toHex(make.crypto.randomBytes(8))}.tmp`;
  try {
    await makeSecretFolder(draft);
    await writeNewKeys(draft, make);
    await rename(draft, keysFolder(dataDir)); // onto nothing or an empty folder; onto files the system refuses
    await syncFolder(dataDir);
  } catch (cause) {
    await rm(draft, { recursive: true, force: true });
    throw new EngineKeysError(
      "the folder keys/ cannot be made: it holds something else, or the disk refuses it",
      {},
      { cause },
    );
  }
  return loadEngineKeys(dataDir);
}

async function writeNewKeys(folder: string, make: Parameters<typeof createEngineKeys>[1]): Promise<void> {
  const root = await createRoot(make.name ?? "Bluepost development authority", make.nowMs);
  const passphrase = toHex(make.crypto.randomBytes(16));
  const secrets: readonly (readonly [string, string])[] = [
    [FILES.rootKey, root.privateKeyPem],
    [FILES.receipt, ed25519Pem()],
    [FILES.match, toHex((await createSealingKeyPair()).privateKey)],
    [FILES.vault, await lockVaultKey(make.crypto, await createSealingKeyPair(), passphrase)],
    [FILES.vaultPassphrase, passphrase],
    [FILES.venue, p256Pem()],
    [FILES.cardIssuer, ed25519Pem()],
    [FILES.secret, toHex(make.crypto.randomBytes(32))],
  ];
  await writeDurably(join(folder, FILES.rootCertificate), `${root.certificatePem.trim()}\n`, PUBLIC_FILE_MODE);
  for (const [name, text] of secrets) await writeDurably(join(folder, name), `${text.trim()}\n`, SECRET_FILE_MODE);
}

/** @throws {EngineKeysError} ENGINE_KEYS when a file is missing, open to others, or not of its form */
export async function loadEngineKeys(dataDir: string): Promise<EngineKeys> {
  const file = (name: string): string => join(keysFolder(dataDir), name);
  const root = {
    certificatePem: await readKeyFile(file(FILES.rootCertificate)),
    privateKeyPem: await readSecretFile(file(FILES.rootKey)),
  };
  const texts = {
    receipt: await readSecretFile(file(FILES.receipt)),
    match: await readSecretFile(file(FILES.match)),
    vault: await readSecretFile(file(FILES.vault)),
    venue: await readSecretFile(file(FILES.venue)),
    cardIssuer: await readSecretFile(file(FILES.cardIssuer)),
    secret: await readSecretFile(file(FILES.secret)),
  };
  try {
    return {
      root,
      receipt: rawKeyPair(texts.receipt),
      match: x25519Pair(hex32(texts.match)),
      vaultPublicKey: vaultPublicKey(texts.vault),
      venue: p256Pair(texts.venue),
      cardIssuer: rawKeyPair(texts.cardIssuer),
      secret: hex32(texts.secret),
    };
  } catch (cause) {
    throw new EngineKeysError("a key file is not of its form: restore it from a backup", {}, { cause });
  }
}

/** Text of the locked vault key, for {@link unlockVaultKey}. @throws {EngineKeysError} ENGINE_KEYS when it is missing or open to others */
export function readVaultKeyFile(dataDir: string): Promise<string> {
  return readSecretFile(join(keysFolder(dataDir), FILES.vault));
}

/** Takes the development authority that is there, or makes one: what a first start does. */
export async function loadOrCreateEngineKeys(
  dataDir: string,
  make: Parameters<typeof createEngineKeys>[1],
): Promise<EngineKeys> {
  return (await hasEngineKeys(dataDir)) ? loadEngineKeys(dataDir) : createEngineKeys(dataDir, make);
}

function ed25519Pem(): string {
  return generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

function p256Pem(): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

function p256Pair(privatePem: string): P256KeyPair {
  const { x, y, d } = createPrivateKey(privatePem).export({ format: "jwk" });
  const bytes = (text: string | undefined): Uint8Array => new Uint8Array(Buffer.from(String(text), "base64url"));
  return { publicKey: concatBytes(Uint8Array.of(4), bytes(x), bytes(y)), privateKey: bytes(d) };
}

function hex32(text: string): Uint8Array {
  const bytes = fromHex(text);
  if (bytes.length !== 32) throw new EngineKeysError("not a key of 32 bytes");
  return bytes;
}

/** PKCS #8 header of an X25519 private key (RFC 8410 section 7). */
const X25519_PKCS8 = fromHex("302e020100300506032b656e04220420");

function x25519Pair(privateKey: Uint8Array): RawKeyPair {
  const der = Buffer.from(concatBytes(X25519_PKCS8, privateKey));
  const jwk = createPublicKey(createPrivateKey({ key: der, format: "der", type: "pkcs8" })).export({ format: "jwk" });
  return { privateKey, publicKey: new Uint8Array(Buffer.from(String(jwk.x), "base64url")) };
}
