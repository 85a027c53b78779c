import type { QrFormatReader } from "./format.ts";
import { maskedIdentity } from "./mask.ts";
import type { QrReading } from "./reading.ts";

const FORMAT = "vn-1405";
const NUMBER = /^[A-Za-z0-9*]{6,20}$/;
const BIRTH = /^[\d*]{4}[-/][\d*]{1,2}[-/][\d*]{1,2}$/;

/**
 * National personal QR: `SoGiayTo|HoTen|NgaySinh|LoaiDinhDanh|QID|EXT`, EXT split by `<` into declarer, gender, insurance number, phone.
 *
 * Checked softly: the ministry's own example breaks its own rules. A masked number makes QID the canonical id.
 * Source: Decision 1405/QD-BTTTT, version 1.1 of 11 September 2021.
 */
export const vn1405: QrFormatReader = {
  owns(text) {
    const fields = text.split("|");
    return (
      fields.length >= 5 &&
      NUMBER.test(fields[0] ?? "") &&
      BIRTH.test(fields[2] ?? "") &&
      /^[01]$/.test(fields[3] ?? "")
    );
  },

  read(text): QrReading {
    const [number = "", name = "", birth = "", , qid = "", extension = ""] = text
      .split("|")
      .map((field) => field.trim());
    const masked = number.includes("*");
    const id = masked ? qid : number.toUpperCase();
    if (!/^[A-Za-z0-9]{6,64}$/.test(id)) return { kind: "refused", format: FORMAT, reason: "malformed" };
    const [, , insuranceNumber = "", phone = ""] = extension.split("<");
    return {
      kind: "credential",
      format: FORMAT,
      scheme: "vn1405",
      id,
      evidence: "document",
      freshness: "static",
      vault: {
        name,
        birthDate: birth,
        ...(phone && !phone.includes("*") && { phone }),
        ...(insuranceNumber && !insuranceNumber.includes("*") && { insuranceNumber }),
      },
      masked: maskedIdentity({ id: masked ? null : id, name, birth }),
    };
  },
};
