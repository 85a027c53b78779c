import { fromBase64Url } from "../bytes.ts";
import { MalformedError } from "../errors.ts";
import type { QrFormatReader } from "./format.ts";
import { displayText } from "./symbol-text.ts";

const PREFIX = "NZCOVIDTRACER:";
const FIELDS = ["gln", "ver", "typ", "opn", "adr"] as const;

/** The five texts of a New Zealand poster, as written (no-break spaces and line ends included). */
export type NzPlace = Readonly<Record<(typeof FIELDS)[number], string>>;

/**
 * Reads a poster of NZ COVID Tracer: base64, padded or not, of JSON with five texts.
 *
 * Source: New Zealand Ministry of Health, QR code specification version c19:1. It has no check digit and no signature.
 *
 * @throws {MalformedError} PROTO_MALFORMED when it is not such a poster
 */
export function parseNzPoster(text: string): NzPlace {
  if (!text.startsWith(PREFIX)) throw new MalformedError("not a poster of NZ COVID Tracer");
  let place: unknown;
  try {
    const json = new TextDecoder("utf-8", { fatal: true }).decode(fromBase64Url(text.slice(PREFIX.length)));
    place = JSON.parse(json);
  } catch (cause) {
    throw new MalformedError("not a poster of NZ COVID Tracer", {}, { cause });
  }
  if (!isNzPlace(place)) throw new MalformedError("not a poster of NZ COVID Tracer");
  return place;
}

function isNzPlace(value: unknown): value is NzPlace {
  if (typeof value !== "object" || value === null) return false;
  return FIELDS.every((field) => Object.hasOwn(value, field) && typeof Reflect.get(value, field) === "string");
}

/** Poster of New Zealand's venues. */
export const nzPoster: QrFormatReader = {
  format: "nz-covid-tracer",
  owns: (text) => text.startsWith(PREFIX),
  read(text) {
    const { gln, opn, adr } = parseNzPoster(text);
    const place = { id: displayText(gln), name: displayText(opn), address: displayText(adr) };
    return { kind: "poster", format: "nz-covid-tracer", place };
  },
};
