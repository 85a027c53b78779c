import type { QrFormatReader } from "./format.ts";
import { maskedIdentity } from "./mask.ts";
import type { QrReading } from "./reading.ts";

const NUMBER = /^\d{12}$/;
const BIRTH = /^(?:\d{8}|\d{1,2}[/.-]\d{1,2}[/.-]\d{4})$/;
const MOST_FIELDS = 16;

const LABEL = /^[^:|\d]{1,30}:/;

/** The fields, without the labels that some readers' software writes before each (`So CCCD: 001090123456|Ho ten: ...`). */
function fieldsOf(text: string): readonly string[] {
  const fields = text.split("|", MOST_FIELDS);
  const labelled = LABEL.test(fields[0] ?? "");
  return fields.map((field) => (labelled ? field.replace(LABEL, "") : field).trim());
}

/** The number of a chip card; null when it has not 12 digits. */
export function canonicalCccdNumber(number: string): string | null {
  return NUMBER.test(number) ? number : null;
}

/**
 * Chip identity card: `number(12)|old number(9 or empty)|name|birth ddMMyyyy|sex|address|issued ddMMyyyy`, at least 6 fields; some
 * scanners leave the empty old number out, and newer cards add fields. Accents may be lost on the way. The number's own coding of
 * sex and year is not checked: since July 2024 only its 12 digits are guaranteed.
 *
 * Source: the ministry of public security's description of the chip card's code, 2021.
 */
export const vnCccd: QrFormatReader = {
  format: "vn-cccd",

  owns(text) {
    const fields = fieldsOf(text);
    return (
      fields.length >= 6 &&
      canonicalCccdNumber(fields[0] ?? "") !== null &&
      fields.slice(2, 4).some((field) => BIRTH.test(field))
    );
  },

  read(text): QrReading {
    const fields = fieldsOf(text);
    const hasOldNumber = !BIRTH.test(fields[2] ?? "");
    const [name = "", birth = "", , address = ""] = fields.slice(hasOldNumber ? 2 : 1);
    const id = fields[0] ?? "";
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
