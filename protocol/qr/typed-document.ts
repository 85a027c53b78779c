import { toHex } from "../bytes.ts";
import type { Scheme } from "../checkin/record.ts";
import { MalformedError } from "../errors.ts";
import { parseTypedSerial } from "./typed-serial.ts";
import { canonicalNumber1405 } from "./vn-1405.ts";
import { canonicalBhytNumber } from "./vn-bhyt.ts";
import { canonicalCccdNumber } from "./vn-cccd.ts";

/** Schemes whose ids a kiosk derives from a visitor's code, with the form of a number that is typed instead of scanned. */
export const TYPED_DOCUMENT_FORMS = {
  bp1: "16 hex digits, or the 14 signs printed on the card: a mistyped one is noticed",
  bp2: "16 hex digits, or the 14 signs printed on the card: a mistyped one is noticed",
  vn1405: "6 to 64 letters and digits, without blanks",
  cccd: "12 digits; an old number of 9 stands in no chip card's code",
  bhyt: "15 signs (two letters, then digits) or 10 digits",
  hc1: "64 hex digits: SHA-256 of the certificate's id",
} as const satisfies Partial<Record<Scheme, string>>;
export type TypedDocumentScheme = keyof typeof TYPED_DOCUMENT_FORMS;

const READERS: Readonly<Record<TypedDocumentScheme, (typed: string) => string | null>> = {
  bp1: cardSerial,
  bp2: cardSerial,
  vn1405: canonicalNumber1405,
  cccd: (typed) => canonicalCccdNumber(withoutBlanks(typed)),
  bhyt: canonicalBhytNumber,
  hc1: (typed) => hexOf(typed, 64),
};

/**
 * Reads a document's number as a person typed it.
 *
 * @returns the canonical id, as a kiosk derives it from the document's code; null when the number has not the form of its scheme
 */
export function typedDocumentId(scheme: TypedDocumentScheme, typed: string): string | null {
  return READERS[scheme](typed.trim());
}

function cardSerial(typed: string): string | null {
  return hexOf(typed.replaceAll("-", ""), 16) ?? printedSerial(typed);
}

function printedSerial(typed: string): string | null {
  try {
    return toHex(parseTypedSerial(typed));
  } catch (fault) {
    if (fault instanceof MalformedError) return null;
    throw fault;
  }
}

function hexOf(typed: string, digits: number): string | null {
  const hex = withoutBlanks(typed).toLowerCase();
  return hex.length === digits && /^[0-9a-f]+$/.test(hex) ? hex : null;
}

function withoutBlanks(typed: string): string {
  return typed.replaceAll(/\s/g, "");
}
