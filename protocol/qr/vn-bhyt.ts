import { fromHex } from "../bytes.ts";
import type { QrFormatReader } from "./format.ts";
import { maskedIdentity } from "./mask.ts";
import type { QrReading } from "./reading.ts";
import { displayText } from "./symbol-text.ts";

const NUMBER = /^(?:[A-Z]{2}\d{13}|\d{10})$/;
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Text that the card writes as the hex of its UTF-8; the field itself when it is not that. */
function hexText(field: string): string {
  try {
    return displayText(decoder.decode(fromHex(field)));
  } catch {
    return field; // some cards carry the name in the clear
  }
}

/** A card's number without the blanks and dashes of its groups, in upper case; null when it has another form. */
export function canonicalBhytNumber(field: string): string | null {
  const number = field.replaceAll(/[\s-]/g, "").toUpperCase();
  return NUMBER.test(number) ? number : null;
}

/**
 * Health-insurance card: `number|name|birth|sex|address|place|from|to|...|$`, name and address as hex of UTF-8; the number has 15
 * characters (two letters and 13 digits) or, on newer cards, the 10 digits of the insurance code, and may be printed in groups.
 *
 * Source: readers of Vietnamese clinics; the card office published no layout. Only the number is relied on.
 */
export const vnBhyt: QrFormatReader = {
  format: "vn-bhyt",

  owns(text) {
    const fields = text.split("|", 20);
    const isCard = /^[0-2]$/.test(fields[3]?.trim() ?? "") || fields.at(-1)?.trim() === "$";
    return fields.length >= 5 && isCard && canonicalBhytNumber(fields[0] ?? "") !== null;
  },

  read(text): QrReading {
    const [number = "", name = "", birth = "", , address = ""] = text.split("|", 5).map((field) => field.trim());
    const id = canonicalBhytNumber(number);
    if (id === null) return { kind: "refused", format: "vn-bhyt", reason: "malformed" };
    const holder = hexText(name);
    const home = hexText(address);
    return {
      kind: "credential",
      format: "vn-bhyt",
      scheme: "bhyt",
      id,
      evidence: "document",
      freshness: "static",
      vault: { name: holder, birthDate: birth, ...(home && { address: home }), insuranceNumber: id },
      masked: maskedIdentity({ id, name: holder, birth }),
    };
  },
};
