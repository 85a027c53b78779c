import { bigEndian, concatBytes, toHex, utf8 } from "../bytes.ts";
import { decodeCbor, encodeCbor } from "../cbor.ts";
import { type CoseKey, signCose1 } from "../cose.ts";
import { MalformedError } from "../errors.ts";
import { MINUTE_MS, SECOND_MS, type WallMs } from "../units.ts";
import { fromBase45, toBase45 } from "./base45.ts";
import { CARD_KINDS, type CardClaims, type CardIssuer, claimFields, claimsFault, parseClaims } from "./bp1-card.ts";
import type { QrFormatReader } from "./format.ts";
import { openIssued } from "./issued-message.ts";
import { compressPoint, expandPoint, isSignedP256 } from "./p256.ts";
import type { Credential, QrReading, ReadingContext, RefusalReason } from "./reading.ts";

export const PASS_PREFIX = "BP2:";
const FORMAT = "bp2-phone-pass";
const VERSION = 1;
const STEP_AT = 1;
const SIGNATURE_AT = 5;
const ATTESTATION_AT = 69;

/** How long one shown code stands, ms. */
export const PASS_STEP_MS = 30 * SECOND_MS;

/** How old or early a shown code may be by a perfect clock, ms. */
export const PASS_WINDOW_MS = 2 * MINUTE_MS;

/** A door's clock that is less sure than this cannot judge a code's age, ms. */
export const PASS_MAX_UNCERTAINTY_MS = 10 * MINUTE_MS;

/** Numbers the 30-second step that an instant falls in. */
export function passStep(atMs: WallMs): number {
  return Math.floor(atMs / PASS_STEP_MS);
}

/**
 * Attests that a phone's key belongs to a card: made once by the card issuer, kept on the phone.
 *
 * @param phone.publicKey P-256, uncompressed, 65 bytes
 * @returns COSE_Sign1, about 135 bytes
 */
export async function attestPass(
  phone: Omit<CardClaims, "kind"> & { readonly publicKey: Uint8Array },
  issuer: CardIssuer,
): Promise<Uint8Array> {
  const claims = claimFields({ ...phone, kind: CARD_KINDS.phonePass });
  return signCose1(encodeCbor([...claims, compressPoint(phone.publicKey)]), issuer);
}

function signedText(serial: Uint8Array, step: Uint8Array): Uint8Array {
  return concatBytes(utf8("bluepost BP2 v1 "), serial, step);
}

/**
 * Makes the text that a phone shows during one step. Byte table: protocol/FORMATS.md, "Phone pass".
 *
 * @param pass.sign ECDSA P-256 with SHA-256 by the attested key, 64 bytes, r then s (WebCrypto's own form)
 */
export async function showPass(pass: {
  readonly attestation: Uint8Array;
  readonly serial: Uint8Array;
  readonly step: number;
  readonly sign: (text: Uint8Array) => Promise<Uint8Array>;
}): Promise<string> {
  const step = bigEndian(pass.step, 4);
  const signature = await pass.sign(signedText(pass.serial, step));
  return PASS_PREFIX + toBase45(concatBytes(Uint8Array.of(VERSION), step, signature, pass.attestation));
}

interface AttestedPass extends CardClaims {
  readonly publicKey: Uint8Array;
}

function parseAttestation(payload: Uint8Array): AttestedPass {
  const fields = decodeCbor(payload);
  if (!Array.isArray(fields) || fields.length !== 6) throw new MalformedError("not a pass attestation");
  const claims = parseClaims(fields);
  const point: unknown = fields[5];
  if (claims.kind !== CARD_KINDS.phonePass || !(point instanceof Uint8Array))
    throw new MalformedError("not a pass attestation");
  return { ...claims, publicKey: expandPoint(point) };
}

function freshnessOf(step: number, { nowMs, clockUncertaintyMs }: ReadingContext): Credential["freshness"] | "stale" {
  if (nowMs === null || clockUncertaintyMs > PASS_MAX_UNCERTAINTY_MS) return "unknown";
  const window = PASS_WINDOW_MS + clockUncertaintyMs;
  const from = step * PASS_STEP_MS - window;
  const to = (step + 1) * PASS_STEP_MS + window;
  return nowMs >= from && nowMs < to ? "live" : "stale";
}

/** A phone's pass. @param issuers keys by 4-byte id in hex */
export function bp2PhonePass(issuers: ReadonlyMap<string, CoseKey>): QrFormatReader {
  const refuse = (reason: RefusalReason): QrReading => ({ kind: "refused", format: FORMAT, reason });
  return {
    format: FORMAT,
    owns: (text) => text.startsWith(PASS_PREFIX),

    async read(text, context): Promise<QrReading> {
      const bytes = fromBase45(text.slice(PASS_PREFIX.length));
      if (bytes.length <= ATTESTATION_AT || bytes[0] !== VERSION) return refuse("malformed");
      const opened = await openIssued(bytes.subarray(ATTESTATION_AT), issuers);
      if (typeof opened === "string") return refuse(opened);
      const pass = parseAttestation(opened);
      const stepBytes = bytes.subarray(STEP_AT, SIGNATURE_AT);
      const signature = bytes.subarray(SIGNATURE_AT, ATTESTATION_AT);
      if (!(await isSignedP256(pass.publicKey, signedText(pass.serial, stepBytes), signature)))
        return refuse("bad_signature");
      const step = new DataView(stepBytes.buffer, stepBytes.byteOffset, 4).getUint32(0);
      const freshness = freshnessOf(step, context);
      const fault = claimsFault(pass, context);
      if (fault) return refuse(fault);
      if (freshness === "stale") return refuse("stale");
      return {
        kind: "credential",
        format: FORMAT,
        scheme: "bp2",
        id: toHex(pass.serial),
        evidence: freshness === "live" ? "signed_live" : "signed_static",
        freshness,
        vault: null,
        masked: { id: null, name: null, birthYear: null },
        step,
      };
    },
  };
}
