import { utf8 } from "../../protocol/bytes.ts";
import type { Person } from "./people.ts";

/** Makes the text of our own card for a serial; the engine's card issuer signs it. */
export type CardMaker = (serial: Uint8Array) => Promise<string>;

function withoutMarks(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").replaceAll("đ", "d").replaceAll("Đ", "D");
}

function hexUtf8(text: string): string {
  return Buffer.from(text, "utf8").toString("hex");
}

/** The bytes that a person's document gives a scanner. Formats: reference documents named in protocol/FORMATS.md, "QR codes". */
export async function payloadOf(person: Person, makeCard: CardMaker): Promise<Uint8Array> {
  const { nationalId, name, birthYear, male, address, phone } = person;
  switch (person.kind) {
    case "cccd":
      return utf8(`${nationalId}||${name}|0101${birthYear}|${male ? "Nam" : "Nữ"}|${address}|15042021`);
    case "vn1405": {
      const upper = withoutMarks(name).toUpperCase();
      return utf8(
        `${nationalId}|${upper}|${birthYear}-01-01|0|16297938858617${nationalId.slice(-4)}|<${male ? 1 : 2}<<${phone}<`,
      );
    }
    case "bhyt":
      return utf8(
        `GD4${nationalId}|${hexUtf8(name)}|01/01/${birthYear}|${male ? 1 : 2}|${hexUtf8(address)}|91 - 001|01/01/2021|31/12/2026|$`,
      );
    case "bp1":
      return utf8(await makeCard(person.cardSerial));
  }
}
