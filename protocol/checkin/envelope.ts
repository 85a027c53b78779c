import { fromHex } from "../bytes.ts";
import { decodeCbor, encodeCbor } from "../cbor.ts";
import { MalformedError } from "../errors.ts";
import type { DeviceId, Epoch, Stream } from "../ids.ts";
import { RECORD_KINDS, RECORD_VERSION, type RecordKind, SCHEMES, type Scheme } from "./record.ts";

/** What the engine's matching key opens: who came, in the terms of the document that was shown. */
export interface MatchContent {
  readonly scheme: Scheme;
  /** The document's own number in canonical form (DESIGN section 2), 1 to 64 characters. */
  readonly id: string;
}

/** What only the authority's vault key opens: how to reach the person, as the code carried it. */
export interface VaultContent {
  readonly name?: string;
  readonly birthDate?: string;
  readonly phone?: string;
  readonly address?: string;
  readonly insuranceNumber?: string;
}

export type EnvelopeKind = "match" | "vault";

/** The place and purpose that a seal is bound to; a box moved to another row or device does not open. */
export interface EnvelopeContext {
  readonly device: DeviceId;
  readonly epoch: Epoch;
  readonly stream: Stream;
  readonly seq: number;
  readonly kind: RecordKind;
  readonly envelope: EnvelopeKind;
  /** First 8 bytes of SHA-256 of the recipient's public key. */
  readonly keyId: Uint8Array;
}

/** Additional data of an envelope's AEAD: a CBOR array of the context's fields. */
export function envelopeAad(context: EnvelopeContext): Uint8Array {
  return encodeCbor([
    RECORD_VERSION,
    context.device,
    fromHex(context.epoch),
    context.stream,
    context.seq,
    RECORD_KINDS.indexOf(context.kind),
    context.envelope === "match" ? 1 : 2,
    context.keyId,
  ]);
}

const STEP_BYTES = 64;
const MAX_TEXT_BYTES = 1_024;

/** Pads to a multiple of 64 bytes with 0x80 and zeros (ISO/IEC 7816-4), so that a length tells little about a name. */
export function pad(text: Uint8Array): Uint8Array {
  const padded = new Uint8Array(Math.ceil((text.length + 1) / STEP_BYTES) * STEP_BYTES);
  if (padded.length > MAX_TEXT_BYTES) throw new MalformedError("envelope text too long", { bytes: text.length });
  padded.set(text);
  padded[text.length] = 0x80;
  return padded;
}

/** @throws {MalformedError} PROTO_MALFORMED when the padding is not that of {@link pad} */
export function unpad(padded: Uint8Array): Uint8Array {
  let end = padded.length - 1;
  while (end >= 0 && padded[end] === 0) end -= 1;
  if (end < 0 || padded[end] !== 0x80) throw new MalformedError("bad envelope padding");
  return padded.subarray(0, end);
}

/** Encodes match content as a padded CBOR array [scheme, id]. */
export function encodeMatch(content: MatchContent): Uint8Array {
  return pad(encodeCbor([SCHEMES.indexOf(content.scheme), content.id]));
}

/** @throws {MalformedError} PROTO_MALFORMED when the text is not match content */
export function decodeMatch(padded: Uint8Array): MatchContent {
  const fields = decodeCbor(unpad(padded));
  if (
    !Array.isArray(fields) ||
    fields.length !== 2 ||
    typeof fields[1] !== "string" ||
    fields[1] === "" ||
    fields[1].length > 64
  ) {
    throw new MalformedError("not match content");
  }
  const scheme = SCHEMES[fields[0] as number];
  if (scheme === undefined || scheme === "none") throw new MalformedError("not a scheme");
  return { scheme, id: fields[1] };
}

const VAULT_FIELDS = ["name", "birthDate", "phone", "address", "insuranceNumber"] as const;

/** Encodes vault content as a padded CBOR array of five texts or nulls; long addresses are cut to fit 1,024 bytes. */
export function encodeVault(content: VaultContent): Uint8Array {
  const cut = (text: string | undefined): string | null =>
    text === undefined || text === "" ? null : [...text].slice(0, 180).join("");
  let fields = VAULT_FIELDS.map((field) => cut(content[field]));
  if (encodeCbor(fields).length >= MAX_TEXT_BYTES)
    fields = fields.map((field) => field && [...field].slice(0, 45).join(""));
  return pad(encodeCbor(fields));
}

/** @throws {MalformedError} PROTO_MALFORMED when the text is not vault content */
export function decodeVault(padded: Uint8Array): VaultContent {
  const fields = decodeCbor(unpad(padded));
  if (!Array.isArray(fields) || fields.length !== VAULT_FIELDS.length) throw new MalformedError("not vault content");
  const content: Record<string, string> = {};
  for (const [at, field] of VAULT_FIELDS.entries()) {
    const value: unknown = fields[at];
    if (value === null) continue;
    if (typeof value !== "string") throw new MalformedError("not vault content", { field });
    content[field] = value;
  }
  return content;
}
