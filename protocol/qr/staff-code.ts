import { decodeCbor, encodeCbor } from "../cbor.ts";
import { type CoseKey, signCose1 } from "../cose.ts";
import { MalformedError, requireInteger } from "../errors.ts";
import { fromBase45, toBase45 } from "./base45.ts";
import { type CardIssuer, claimsFault } from "./bp1-card.ts";
import type { QrFormatReader } from "./format.ts";
import { openIssued } from "./issued-message.ts";
import { type QrReading, type RefusalReason, STAFF_ACTIONS, type StaffAction } from "./reading.ts";

export const STAFF_PREFIX = "BPT:";
const FORMAT = "bp-staff";
const VERSION = 1;

/** What a staff code says. */
export interface StaffClaims {
  readonly action: StaffAction;
  /** The site where it works. */
  readonly site: string;
  /** Days since 1970-01-01, UTC. */
  readonly issuedDay: number;
  readonly expiresDay: number;
}

/** Makes the text of a staff code. Byte table: protocol/FORMATS.md, "Staff code". */
export async function issueStaffCode(claims: StaffClaims, issuer: CardIssuer): Promise<string> {
  const { action, site, issuedDay, expiresDay } = claims;
  const payload = encodeCbor([VERSION, "staff", STAFF_ACTIONS.indexOf(action), site, issuedDay, expiresDay]);
  return STAFF_PREFIX + toBase45(await signCose1(payload, issuer));
}

function parseStaffClaims(payload: Uint8Array): StaffClaims {
  const fields = decodeCbor(payload);
  if (!Array.isArray(fields) || fields.length !== 6 || fields[0] !== VERSION || fields[1] !== "staff")
    throw new MalformedError("not a staff code");
  const action = STAFF_ACTIONS[requireInteger("action", fields[2], { min: 0, max: STAFF_ACTIONS.length - 1 })];
  if (action === undefined || typeof fields[3] !== "string") throw new MalformedError("not a staff code");
  const day = { min: 0, max: 0xffff };
  return {
    action,
    site: fields[3],
    issuedDay: requireInteger("issued", fields[4], day),
    expiresDay: requireInteger("expires", fields[5], day),
  };
}

/** A staff member's or technician's code, signed like a card so that no visitor can make one. @param site where it must belong */
export function staffCode(issuers: ReadonlyMap<string, CoseKey>, site: string | undefined): QrFormatReader {
  const refuse = (reason: RefusalReason): QrReading => ({ kind: "refused", format: FORMAT, reason });
  return {
    format: FORMAT,
    owns: (text) => text.startsWith(STAFF_PREFIX),

    async read(text, context): Promise<QrReading> {
      const opened = await openIssued(fromBase45(text.slice(STAFF_PREFIX.length)), issuers);
      if (typeof opened === "string") return refuse(opened);
      const claims = parseStaffClaims(opened);
      if (claims.site !== site) return refuse("unknown_issuer");
      const fault = claimsFault(claims, context);
      return fault ? refuse(fault) : { kind: "staff", action: claims.action };
    },
  };
}
