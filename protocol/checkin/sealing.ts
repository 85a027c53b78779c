import { concatBytes, toHex, utf8 } from "../bytes.ts";
import type { CryptoPort } from "../crypto-port.ts";
import { BadSealError } from "../errors.ts";
import {
  type EnvelopeContext,
  type EnvelopeKind,
  encodeMatch,
  encodeVault,
  envelopeAad,
  type MatchContent,
  type VaultContent,
} from "./envelope.ts";
import { hpkeSuite } from "./hpke-box.ts";
import { encodePresence, type PresenceContent } from "./presence.ts";
import type { SealedIdentity } from "./record.ts";

/** Records that one session may seal before a new one must be opened. */
export const SESSION_RECORDS = 256;

/** A session older than this is replaced, milliseconds. */
export const SESSION_AGE_MS = 3_600_000;

/** Public keys that a kiosk seals to, raw X25519, 32 bytes each. */
export interface SealingKeys {
  readonly match: Uint8Array;
  readonly vault: Uint8Array;
}

/** What a batch must carry so that the holders of the private keys can open a session's records; 32-byte encapsulations. */
export interface SessionHeader {
  /** 8 random bytes. */
  readonly id: Uint8Array;
  readonly matchKeyId: Uint8Array;
  readonly matchEnc: Uint8Array;
  readonly vaultKeyId: Uint8Array;
  readonly vaultEnc: Uint8Array;
}

interface AeadKey {
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
}

/** First 8 bytes of SHA-256 of a public key: names the key in headers and seals. */
export function keyIdOf(crypto: CryptoPort, publicKey: Uint8Array): Uint8Array {
  return crypto.sha256(publicKey).slice(0, 8);
}

function info(kind: EnvelopeKind, sessionId: Uint8Array): Uint8Array {
  return concatBytes(utf8(`bluepost v1 ${kind} `), sessionId);
}

async function exportKey(context: {
  export(label: ArrayBuffer | Uint8Array, length: number): Promise<ArrayBuffer>;
}): Promise<AeadKey> {
  return {
    key: new Uint8Array(await context.export(utf8("key"), 16)),
    nonce: new Uint8Array(await context.export(utf8("nonce"), 12)),
  };
}

function nonceAt(base: Uint8Array, index: number): Uint8Array {
  const nonce = base.slice();
  for (let i = 0; i < 4; i += 1) nonce[11 - i] = (nonce[11 - i] as number) ^ ((index >>> (8 * i)) & 0xff);
  return nonce;
}

/**
 * Seals identities for up to 256 records under one HPKE set-up for each of the two keys.
 *
 * The keys live in this object only and never reach a disk. An index is spent before it is used and never used twice, even
 * when the commit of its record fails.
 *
 * Source: RFC 9180 (base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM, secret export, section 5.3).
 */
export class SealingSession {
  readonly header: SessionHeader;
  readonly #crypto: CryptoPort;
  readonly #match: AeadKey;
  readonly #vault: AeadKey;
  #next = 0;

  private constructor(
    crypto: CryptoPort,
    header: SessionHeader,
    keys: { readonly match: AeadKey; readonly vault: AeadKey },
  ) {
    this.#crypto = crypto;
    this.header = header;
    this.#match = keys.match;
    this.#vault = keys.vault;
  }

  /**
   * Opens a session to two public keys; costs two X25519 key agreements.
   *
   * @throws {BadSealError} PROTO_BAD_SEAL when one of them is not a public key
   */
  static async open(crypto: CryptoPort, recipients: SealingKeys): Promise<SealingSession> {
    const id = crypto.randomBytes(8);
    const match = await setUp("match", recipients.match, id);
    const vault = await setUp("vault", recipients.vault, id);
    const header = {
      id,
      matchKeyId: keyIdOf(crypto, recipients.match),
      matchEnc: match.enc,
      vaultKeyId: keyIdOf(crypto, recipients.vault),
      vaultEnc: vault.enc,
    };
    return new SealingSession(crypto, header, { match: match.aead, vault: vault.aead });
  }

  /** How many more records this session may seal. */
  get remaining(): number {
    return SESSION_RECORDS - this.#next;
  }

  /** Seals one visitor for one row. @throws {BadSealError} PROTO_BAD_SEAL when the session is used up */
  seal(place: SealPlace, match: MatchContent, vault: VaultContent | null): SealedIdentity {
    return this.#seal(place, encodeMatch(match), vault && encodeVault(vault));
  }

  /** Seals what a kiosk heard of one identifier. @throws {BadSealError} PROTO_BAD_SEAL when the session is used up */
  sealPresence(place: SealPlace, content: PresenceContent): SealedIdentity {
    return this.#seal(place, encodePresence(content), null);
  }

  #seal(place: SealPlace, match: Uint8Array, vault: Uint8Array | null): SealedIdentity {
    if (this.remaining === 0) throw new BadSealError("sealing session used up");
    const index = this.#next;
    this.#next += 1;
    const box = (envelope: EnvelopeKind, keyId: Uint8Array, aead: AeadKey, text: Uint8Array): Uint8Array =>
      this.#crypto.aesGcmSeal({
        key: aead.key,
        nonce: nonceAt(aead.nonce, index),
        aad: envelopeAad({ ...place, envelope, keyId }),
        text,
      });
    return {
      session: this.header.id,
      index,
      match: box("match", this.header.matchKeyId, this.#match, match),
      vault: vault && box("vault", this.header.vaultKeyId, this.#vault, vault),
    };
  }
}

/** The row that a seal is bound to. */
export type SealPlace = Omit<EnvelopeContext, "envelope" | "keyId">;

async function setUp(
  kind: EnvelopeKind,
  publicKey: Uint8Array,
  id: Uint8Array,
): Promise<{ enc: Uint8Array; aead: AeadKey }> {
  try {
    const recipientPublicKey = await hpkeSuite.kem.deserializePublicKey(publicKey);
    const sender = await hpkeSuite.createSenderContext({ recipientPublicKey, info: info(kind, id) });
    return { enc: new Uint8Array(sender.enc), aead: await exportKey(sender) };
  } catch (cause) {
    throw new BadSealError(`the authority's ${kind} key is not one`, {}, { cause });
  }
}

/** The private half of a sealing key, raw X25519; with the public half beside it a session opens a third faster. */
export interface OpeningKey {
  readonly privateKey: Uint8Array;
  readonly publicKey?: Uint8Array;
}

type RecipientKey = Parameters<typeof hpkeSuite.createRecipientContext>[0]["recipientKey"];

/** Opens the envelopes of one kind with one private key; keeps the derived key of the sessions it saw last. */
export class EnvelopeOpener {
  readonly #crypto: CryptoPort;
  readonly #kind: EnvelopeKind;
  readonly #key: OpeningKey;
  readonly #sessions = new Map<string, AeadKey>();
  /** The same keys by the header object that was admitted, so that a row need not spell its session out. */
  readonly #admitted = new WeakMap<SessionHeader, AeadKey>();
  #recipientKey: Promise<RecipientKey> | null = null;

  constructor(crypto: CryptoPort, kind: EnvelopeKind, key: Uint8Array | OpeningKey) {
    this.#crypto = crypto;
    this.#kind = kind;
    this.#key = key instanceof Uint8Array ? { privateKey: key } : key;
  }

  /**
   * Prepares one session; costs one X25519 key agreement the first time.
   *
   * @throws {BadSealError} PROTO_BAD_SEAL when the encapsulation is not of this suite
   */
  async admit(header: SessionHeader): Promise<void> {
    const name = toHex(header.id) + toHex(this.#encOf(header));
    const aead = this.#sessions.get(name) ?? (await this.#setUp(header));
    if (!this.#sessions.has(name)) {
      if (this.#sessions.size >= 4_096) this.#sessions.delete(this.#sessions.keys().next().value as string);
      this.#sessions.set(name, aead);
    }
    this.#admitted.set(header, aead);
  }

  async #setUp(header: SessionHeader): Promise<AeadKey> {
    this.#recipientKey ??= importRecipient(this.#key);
    const recipientKey = await this.#recipientKey;
    try {
      const enc = this.#encOf(header);
      const context = await hpkeSuite.createRecipientContext({ recipientKey, enc, info: info(this.#kind, header.id) });
      return await exportKey(context);
    } catch (cause) {
      throw new BadSealError("sealing session does not open", {}, { cause });
    }
  }

  /**
   * Opens one envelope of an admitted session.
   *
   * @returns padded text, for decodeMatch or decodeVault
   * @throws {BadSealError} PROTO_BAD_SEAL when it was sealed for another key, row or device, or was changed
   */
  open(header: SessionHeader, identity: SealedIdentity, place: SealPlace): Uint8Array {
    const aead = this.#admitted.get(header) ?? this.#sessions.get(toHex(header.id) + toHex(this.#encOf(header)));
    const text = this.#kind === "match" ? identity.match : identity.vault;
    if (!aead || !text) throw new BadSealError("sealing session not admitted");
    const keyId = this.#kind === "match" ? header.matchKeyId : header.vaultKeyId;
    const aad = envelopeAad({ ...place, envelope: this.#kind, keyId });
    return this.#crypto.aesGcmOpen({ key: aead.key, nonce: nonceAt(aead.nonce, identity.index), aad, text });
  }

  #encOf(header: SessionHeader): Uint8Array {
    return this.#kind === "match" ? header.matchEnc : header.vaultEnc;
  }
}

async function importRecipient({ privateKey, publicKey }: OpeningKey): Promise<RecipientKey> {
  const secret = await hpkeSuite.kem.deserializePrivateKey(privateKey);
  if (!publicKey) return secret;
  return { privateKey: secret, publicKey: await hpkeSuite.kem.deserializePublicKey(publicKey) };
}

/** Makes a key pair for one of the two sealing keys, raw X25519. */
export async function createSealingKeyPair(): Promise<{ publicKey: Uint8Array; privateKey: Uint8Array }> {
  const pair = await hpkeSuite.kem.generateKeyPair();
  return {
    publicKey: new Uint8Array(await hpkeSuite.kem.serializePublicKey(pair.publicKey)),
    privateKey: new Uint8Array(await hpkeSuite.kem.serializePrivateKey(pair.privateKey)),
  };
}
