import { toHex } from "../bytes.ts";
import { decodeCbor, encodeCbor } from "../cbor.ts";
import { type CoseKey, signCose1 } from "../cose.ts";
import { MalformedError, requireInteger } from "../errors.ts";
import { DAY_MS } from "../units.ts";
import { fromBase45, toBase45 } from "./base45.ts";
import type { QrFormatReader } from "./format.ts";
import { openIssued } from "./issued-message.ts";
import type { QrReading, ReadingContext, RefusalReason } from "./reading.ts";

export const CARD_PREFIX = "BP1:";

/** What a card or pass is, as the number on the wire. */
export const CARD_KINDS = { printed: 1, staff: 2, phonePass: 3 } as const;

/** What a personal card says: nothing of its holder. */
export interface CardClaims {
  /** 8 random bytes. */
  readonly serial: Uint8Array;
  /** One of {@link CARD_KINDS}. */
  readonly kind: number;
  /** Days since 1970-01-01, UTC; the card is good from the day before `issuedDay` to the end of `expiresDay`. */
  readonly issuedDay: number;
  readonly expiresDay: number;
}

/** Who signs cards. */
export interface CardIssuer {
  readonly key: CoseKey;
  /** 4 bytes naming the key. */
  readonly kid: Uint8Array;
}

/** The claims as they stand on the wire, for a card and for the attestation of a pass. */
export function claimFields(claims: CardClaims): readonly unknown[] {
  return [1, claims.serial, claims.kind, claims.issuedDay, claims.expiresDay];
}

/** Makes the text of a card. */
export async function issueCard(claims: CardClaims, issuer: CardIssuer): Promise<string> {
  return CARD_PREFIX + toBase45(await signCose1(encodeCbor(claimFields(claims)), issuer));
}

/** @throws {MalformedError} PROTO_MALFORMED or {OutOfRangeError} PROTO_OUT_OF_RANGE when these are not claims of version 1 */
export function parseClaims(fields: readonly unknown[]): CardClaims {
  const [version, serial, kind, issuedDay, expiresDay] = fields;
  if (version !== 1 || !(serial instanceof Uint8Array) || serial.length !== 8)
    throw new MalformedError("not card claims");
  const day = { min: 0, max: 0xffff };
  return {
    serial,
    kind: requireInteger("kind", kind, { min: 1, max: 255 }),
    issuedDay: requireInteger("issued", issuedDay, day),
    expiresDay: requireInteger("expires", expiresDay, day),
  };
}

/** Why a card or pass is not good at this time, or null; an unsynced clock judges nothing. */
export function claimsFault(
  { issuedDay, expiresDay }: Pick<CardClaims, "issuedDay" | "expiresDay">,
  { nowMs, clockUncertaintyMs }: ReadingContext,
): RefusalReason | null {
  if (nowMs === null) return null;
  if (nowMs - clockUncertaintyMs >= (expiresDay + 1) * DAY_MS) return "expired";
  return nowMs + clockUncertaintyMs < (issuedDay - 1) * DAY_MS ? "not_yet_valid" : null;
}

/** Our personal card. Byte table: protocol/FORMATS.md, "Personal card". @param issuers keys by 4-byte id in hex */
export function bp1Card(issuers: ReadonlyMap<string, CoseKey>): QrFormatReader {
  const refuse = (reason: RefusalReason): QrReading => ({ kind: "refused", format: "bp1-card", reason });
  return {
    format: "bp1-card",
    owns: (text) => text.startsWith(CARD_PREFIX),

    async read(text, context): Promise<QrReading> {
      const opened = await openIssued(fromBase45(text.slice(CARD_PREFIX.length)), issuers);
      if (typeof opened === "string") return refuse(opened);
      const fields = decodeCbor(opened);
      if (!Array.isArray(fields) || fields.length !== 5) return refuse("malformed");
      const claims = parseClaims(fields);
      if (claims.kind === CARD_KINDS.phonePass) return refuse("malformed");
      const fault = claimsFault(claims, context);
      if (fault) return refuse(fault);
      return {
        kind: "credential",
        format: "bp1-card",
        scheme: "bp1",
        id: toHex(claims.serial),
        evidence: "signed_static",
        freshness: "static",
        vault: null,
        masked: { id: null, name: null, birthYear: null },
      };
    },
  };
}
