import { fromHex } from "../bytes.ts";
import type { QrFormatReader } from "./format.ts";
import { maskedIdentity } from "./mask.ts";
import type { QrReading } from "./reading.ts";

const NUMBER = /^(?:[A-Z]{2}\d{13}|\d{10})$/i;
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Text that the card writes as the hex of its UTF-8; the field itself when it is not that. */
function hexText(field: string): string {
  try {
    return decoder.decode(fromHex(field)).normalize("NFC");
  } catch {
    return field; // some cards carry the name in the clear
  }
}

/**
 * Health-insurance card: `number|name|birth|sex|address|place|from|to|...|$`, name and address as hex of UTF-8; the number has 15
 * characters (two letters and 13 digits) or, on newer cards, the 10 digits of the insurance code.
 */
export const vnBhyt: QrFormatReader = {
  owns(text) {
    const fields = text.split("|");
    return fields.length >= 5 && NUMBER.test(fields[0] ?? "") && /^[12]$/.test(fields[3] ?? "");
  },

  read(text): QrReading {
    const [number = "", name = "", birth = "", , address = ""] = text.split("|").map((field) => field.trim());
    const id = number.toUpperCase();
    const holder = hexText(name);
    return {
      kind: "credential",
      format: "vn-bhyt",
      scheme: "bhyt",
      id,
      evidence: "document",
      freshness: "static",
      vault: { name: holder, birthDate: birth, ...(address && { address: hexText(address) }), insuranceNumber: id },
      masked: maskedIdentity({ id, name: holder, birth }),
    };
  },
};
