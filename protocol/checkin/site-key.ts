import { utf8 } from "../bytes.ts";
import { decodeHostileCbor, encodeCbor } from "../cbor.ts";
import { MalformedError, requireInteger } from "../errors.ts";
import { type DeviceId, parseDeviceId, parseSiteId, type SiteId } from "../ids.ts";
import { type HpkeBox, type HpkeKeyPair, openHpke, sealHpke } from "./hpke-box.ts";

/** What a kiosk asks for the key that the doors of its site share. Signed with its device key, its certificates beside. */
export interface SiteKeyRequest {
  readonly site: SiteId;
  readonly device: DeviceId;
  /** Raw X25519 key made for this question alone, 32 bytes; it also ties the answer to the question. */
  readonly publicKey: Uint8Array;
}

/** The tag key K(n) of a site as the engine hands it out. */
export interface SiteKey {
  /** Counts the keys that the engine has made for this site; another one means: drop the one before. At least 1. */
  readonly generation: number;
  /** Site day (protocol/units.ts) that the key is of; later days' follow by the ratchet. */
  readonly siteDay: number;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

/** The engine's answer as it travels: whoever carries it sees whose it is, and not the key. */
export interface SealedSiteKey extends SiteKeyRequest, HpkeBox {
  readonly generation: number;
  readonly siteDay: number;
}

const VERSION = 1;
const REQUEST = "site-key-request";
const ANSWER = "site-key";
const INFO = utf8("bluepost v1 site-key");
const KEY_BYTES = 32;
const BOX_BYTES = KEY_BYTES + 16;
const MAX_GENERATION = 0xffffffff;
const MAX_SITE_DAY = 0xffffff;

/** Encodes the payload to be signed: CBOR ["site-key-request", 1, site, device, public key]. Byte table: protocol/FORMATS.md. */
export function encodeSiteKeyRequest({ site, device, publicKey }: SiteKeyRequest): Uint8Array {
  return encodeCbor([REQUEST, VERSION, site, device, publicKey]);
}

/** @throws {MalformedError} PROTO_MALFORMED when the payload is not a request */
export function decodeSiteKeyRequest(payload: Uint8Array): SiteKeyRequest {
  const fields = listOf(payload, { name: REQUEST, length: 5 });
  return { site: parseSiteId(fields[2]), device: parseDeviceId(fields[3]), publicKey: bytesOf(fields[4], KEY_BYTES) };
}

/** Seals a site's key for the kiosk that asked. @throws {BadSealError} PROTO_BAD_SEAL when it sent no public key */
export async function sealSiteKey(request: SiteKeyRequest, { key, ...place }: SiteKey): Promise<SealedSiteKey> {
  const aad = aadOf({ ...request, ...place });
  return { ...request, ...place, ...(await sealHpke(request.publicKey, { info: INFO, aad, text: key })) };
}

/** Opens an answer with the private half of its question. @throws {BadSealError} PROTO_BAD_SEAL when it is of another question */
export async function openSiteKey(sealed: SealedSiteKey, pair: HpkeKeyPair): Promise<SiteKey> {
  const { generation, siteDay, enc, box } = sealed;
  const key = await openHpke(pair, { enc, box, info: INFO, aad: aadOf(sealed) });
  return { generation, siteDay, key };
}

/**
 * Encodes the payload that the engine signs with its receipt key: CBOR ["site-key", 1, site, device, public key, generation, site day,
 * enc, box]. Byte table: protocol/FORMATS.md.
 */
export function encodeSealedSiteKey(sealed: SealedSiteKey): Uint8Array {
  const { site, device, publicKey, generation, siteDay, enc, box } = sealed;
  return encodeCbor([ANSWER, VERSION, site, device, publicKey, generation, siteDay, enc, box]);
}

/** @throws {MalformedError} PROTO_MALFORMED or {OutOfRangeError} PROTO_OUT_OF_RANGE when the payload is not an answer */
export function decodeSealedSiteKey(payload: Uint8Array): SealedSiteKey {
  const fields = listOf(payload, { name: ANSWER, length: 9 });
  return {
    site: parseSiteId(fields[2]),
    device: parseDeviceId(fields[3]),
    publicKey: bytesOf(fields[4], KEY_BYTES),
    generation: requireInteger("generation", fields[5], { min: 1, max: MAX_GENERATION }),
    siteDay: requireInteger("site day", fields[6], { min: 0, max: MAX_SITE_DAY }),
    enc: bytesOf(fields[7], KEY_BYTES),
    box: bytesOf(fields[8], BOX_BYTES),
  };
}

function aadOf({ site, device, publicKey, generation, siteDay }: Omit<SealedSiteKey, keyof HpkeBox>): Uint8Array {
  return encodeCbor([site, device, publicKey, generation, siteDay]);
}

function listOf(payload: Uint8Array, form: { readonly name: string; readonly length: number }): readonly unknown[] {
  const fields = decodeHostileCbor(payload);
  const isOne = Array.isArray(fields) && fields.length === form.length && fields[0] === form.name;
  if (!isOne || fields[1] !== VERSION) throw new MalformedError(`not a ${form.name} message`);
  return fields;
}

function bytesOf(value: unknown, length: number): Uint8Array {
  if (!(value instanceof Uint8Array) || value.length !== length) throw new MalformedError("not a key of its length");
  return value;
}
