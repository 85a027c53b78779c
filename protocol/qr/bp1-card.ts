import { toHex } from "../bytes.ts";
import { decodeCbor, encodeCbor } from "../cbor.ts";
import { type CoseKey, parseCose1, signCose1, verifyCose1 } from "../cose.ts";
import { BadSealError, BluepostError, MalformedError, requireInteger } from "../errors.ts";
import { fromBase45, toBase45 } from "./base45.ts";
import type { QrFormatReader } from "./format.ts";
import type { QrReading, ReadingContext, RefusalReason } from "./reading.ts";

export const CARD_PREFIX = "BP1:";

/** What a personal card says: nothing of its holder. */
export interface CardClaims {
  /** 8 random bytes. */
  readonly serial: Uint8Array;
  /** 1 printed card, 2 staff card. */
  readonly kind: number;
  /** Days since 1970-01-01, UTC. */
  readonly issuedDay: number;
  readonly expiresDay: number;
}

/** Makes the text of a card. @param issuer.kid 4 bytes naming the key */
export async function issueCard(
  claims: CardClaims,
  issuer: { readonly key: CoseKey; readonly kid: Uint8Array },
): Promise<string> {
  const payload = encodeCbor([1, claims.serial, claims.kind, claims.issuedDay, claims.expiresDay]);
  return CARD_PREFIX + toBase45(await signCose1(payload, issuer));
}

function parseClaims(payload: Uint8Array): CardClaims {
  const fields = decodeCbor(payload);
  if (!Array.isArray(fields) || fields.length !== 5 || fields[0] !== 1) throw new MalformedError("not card claims");
  const serial: unknown = fields[1];
  if (!(serial instanceof Uint8Array) || serial.length !== 8) throw new MalformedError("not a card serial");
  const day = { min: 0, max: 0xffff };
  return {
    serial,
    kind: requireInteger("kind", fields[2], { min: 1, max: 255 }),
    issuedDay: requireInteger("issued", fields[3], day),
    expiresDay: requireInteger("expires", fields[4], day),
  };
}

const DAY_MS = 86_400_000;

function ageFault(claims: CardClaims, { nowMs, clockUncertaintyMs }: ReadingContext): RefusalReason | null {
  if (nowMs === null) return null;
  if (nowMs - clockUncertaintyMs >= (claims.expiresDay + 1) * DAY_MS) return "expired";
  return nowMs + clockUncertaintyMs < claims.issuedDay * DAY_MS - DAY_MS ? "not_yet_valid" : null;
}

/** Our personal card. Byte table: protocol/FORMATS.md, "Personal card". @param issuers keys by 4-byte id in hex */
export function bp1Card(issuers: ReadonlyMap<string, CoseKey>): QrFormatReader {
  const refuse = (reason: RefusalReason): QrReading => ({ kind: "refused", format: "bp1-card", reason });
  return {
    owns: (text) => text.startsWith(CARD_PREFIX),

    async read(text, context): Promise<QrReading> {
      try {
        const message = parseCose1(fromBase45(text.slice(CARD_PREFIX.length)));
        const key = message.kid && issuers.get(toHex(message.kid));
        if (!key || message.algorithm !== "EdDSA") return refuse("unknown_issuer");
        await verifyCose1(message, key);
        const claims = parseClaims(message.payload);
        const fault = ageFault(claims, context);
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
      } catch (fault) {
        if (!(fault instanceof BluepostError)) throw fault;
        // Base45 survives most keyboards, but not all: a text of the right letters with a wrong signature is a sign of one.
        return refuse(fault instanceof BadSealError ? "scanner_layout" : "malformed");
      }
    },
  };
}
