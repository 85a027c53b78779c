import { fromBase64Url, toHex } from "../bytes.ts";
import { parseLocationPart } from "./clea.ts";
import type { QrFormatReader } from "./format.ts";

const URL_PREFIX = /^https?:\/\/tac\.gouv\.fr\/?\?v=0#/i;

/** Poster of a French venue (TousAntiCovid Signal). */
export const cleaPoster: QrFormatReader = {
  format: "clea",
  owns: (text) => URL_PREFIX.test(text),
  read(text) {
    const { locationId } = parseLocationPart(fromBase64Url(text.slice(text.indexOf("#") + 1)));
    return { kind: "poster", format: "clea", place: { id: toHex(locationId) } };
  },
};
