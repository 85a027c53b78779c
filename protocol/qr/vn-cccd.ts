import type { QrFormatReader } from "./format.ts";
import { maskedIdentity } from "./mask.ts";
import type { QrReading } from "./reading.ts";

const BIRTH = /^(?:\d{8}|\d{1,2}\/\d{1,2}\/\d{4})$/;

/**
 * Chip identity card: `number(12)|old number(9 or empty)|name|birth ddMMyyyy|sex|address|issued ddMMyyyy`, at least 6 fields; some
 * scanners leave the empty old number out. The card's own coding of sex and year is not checked: only 12 digits are guaranteed.
 * Source: the ministry of public security's description of the chip card's code, 2021; newer cards add fields.
 */
export const vnCccd: QrFormatReader = {
  owns(text) {
    const fields = text.split("|");
    return (
      fields.length >= 6 &&
      /^\d{12}$/.test(fields[0] ?? "") &&
      fields.slice(2, 4).some((field) => BIRTH.test(field.trim()))
    );
  },

  read(text): QrReading {
    const fields = text.split("|").map((field) => field.trim());
    const hasOldNumber = !BIRTH.test(fields[2] ?? "");
    const [name = "", birth = "", , address = ""] = fields.slice(hasOldNumber ? 2 : 1);
    const id = fields[0] as string;
    return {
      kind: "credential",
      format: "vn-cccd",
      scheme: "cccd",
      id,
      evidence: "document",
      freshness: "static",
      vault: { name, birthDate: birth, ...(address && { address }) },
      masked: maskedIdentity({ id, name, birth }),
    };
  },
};
