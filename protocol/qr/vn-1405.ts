import type { VaultContent } from "../checkin/envelope.ts";
import type { QrFormatReader } from "./format.ts";
import { maskedIdentity } from "./mask.ts";
import type { QrReading } from "./reading.ts";

const FORMAT = "vn-1405";
const NUMBER = /^[A-Za-z0-9*]{6,20}$/;
const BIRTH = /^[\d*]{4}[-/][\d*]{1,2}[-/][\d*]{1,2}$/;
const OWN_ID = /^[A-Za-z0-9]{6,64}$/;

/** A document's number in upper case; null when it is not written out in letters and digits. */
export function canonicalNumber1405(number: string): string | null {
  return OWN_ID.test(number) ? number.toUpperCase() : null;
}

/**
 * National personal QR: `SoGiayTo|HoTen|NgaySinh|LoaiDinhDanh|QID|EXT`, EXT split by `<` into declarer, gender, insurance number, phone.
 *
 * Checked softly: the ministry's own example breaks its own rules. A masked number makes QID the canonical id.
 * Source: Decision 1405/QD-BTTTT, version 1.1 of 11 September 2021.
 */
export const vn1405: QrFormatReader = {
  format: FORMAT,

  owns(text) {
    const [number = "", , birth = "", declaredBy = "", qid] = text.split("|", 5).map((field) => field.trim());
    return qid !== undefined && NUMBER.test(number) && BIRTH.test(birth) && /^[01]$/.test(declaredBy);
  },

  read(text): QrReading {
    const fields = text.split("|", 6).map((field) => field.trim());
    const [number = "", name = "", birth = "", , qid = "", extension = ""] = fields;
    const id = number.includes("*") ? qid : canonicalNumber1405(number);
    if (id === null || !OWN_ID.test(id)) return { kind: "refused", format: FORMAT, reason: "malformed" };
    return {
      kind: "credential",
      format: FORMAT,
      scheme: "vn1405",
      id,
      evidence: "document",
      freshness: "static",
      vault: { name, birthDate: birth, ...contactOf(extension) },
      masked: maskedIdentity({ id: number, name, birth }),
    };
  },
};

/** The extension's contact fields; those that the app masked are worth nothing to a tracer and are left out. */
function contactOf(extension: string): Pick<VaultContent, "phone" | "insuranceNumber"> {
  const parts = extension.split("<", 8).map((part) => part.trim());
  if (/^[012]$/.test(parts[0] ?? "")) parts.unshift(""); // the decision's second example leaves the empty declarer out
  const [, , insuranceNumber = "", phone = ""] = parts;
  return {
    ...(/^\+?\d{8,15}$/.test(phone) && { phone }),
    ...(/^[A-Za-z0-9]{8,17}$/.test(insuranceNumber) && { insuranceNumber: insuranceNumber.toUpperCase() }),
  };
}
