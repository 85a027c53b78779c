import type { QrFormatReader } from "./format.ts";

/** A bare number from 1 to 9: so many unnamed people come along. */
export const partySize: QrFormatReader = {
  format: "party-size",
  owns: (text) => /^[1-9]$/.test(text),
  read: (text) => ({ kind: "party", count: Number(text) }),
};
