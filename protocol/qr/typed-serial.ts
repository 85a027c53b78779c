import { MalformedError } from "../errors.ts";

const DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CHECKS = `${DIGITS}*~$=U`;
const SERIAL_BYTES = 8;
const DIGIT_COUNT = 13;
const ALIASES: Readonly<Record<string, string>> = { O: "0", I: "1", L: "1" };

/**
 * Writes a card's serial for people: 13 digits of Crockford base32 and a check symbol, in groups (`0K3W9-7Q2ZP-4M1-U`).
 *
 * Source: D. Crockford, "Base 32" (check symbol: value modulo 37).
 */
export function formatTypedSerial(serial: Uint8Array): string {
  if (serial.length !== SERIAL_BYTES) throw new MalformedError("a serial must have 8 bytes");
  const value = serial.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  let digits = "";
  for (let at = DIGIT_COUNT - 1; at >= 0; at -= 1) digits += DIGITS[Number((value >> BigInt(5 * at)) & 31n)];
  return `${digits.slice(0, 5)}-${digits.slice(5, 10)}-${digits.slice(10)}-${CHECKS[Number(value % 37n)]}`;
}

/**
 * Reads what a person typed: any case, with or without dashes and blanks, O for 0, I and L for 1. A typed serial is unsigned, so it
 * proves nothing: staff may enter it, a door never.
 *
 * @returns the serial, 8 bytes
 * @throws {MalformedError} PROTO_MALFORMED when it has another length, a letter outside the alphabet, or a wrong check symbol
 */
export function parseTypedSerial(typed: string): Uint8Array {
  const text = [...typed.slice(0, 64).replaceAll(/[\s-]/g, "").toUpperCase()];
  const check = text.pop();
  if (text.length !== DIGIT_COUNT || check === undefined) throw new MalformedError("not a typed serial");
  let value = 0n;
  for (const letter of text) {
    const digit = DIGITS.indexOf(ALIASES[letter] ?? letter);
    if (digit < 0) throw new MalformedError("not a typed serial");
    value = (value << 5n) | BigInt(digit);
  }
  const symbol = ALIASES[check] ?? check;
  if (value >= 2n ** 64n || CHECKS[Number(value % 37n)] !== symbol) throw new MalformedError("typed serial mistyped");
  return Uint8Array.from({ length: SERIAL_BYTES }, (_, i) => Number((value >> BigInt(8 * (7 - i))) & 0xffn));
}
