import { maskId } from "../../protocol/qr/mask.ts";
import type { Credential, PosterPlace, QrFormat, QrReading, SetupCode } from "../../protocol/qr/reading.ts";

/** What a kiosk makes of a code: let in, refused, somebody's poster, not a code of ours, or no readable code at all. */
export type DecodeVerdict = "accepted" | "refused" | "poster" | "unknown" | "unreadable";

/** One line of `decode`. */
export interface DecodeReport {
  /** The file as it was named; `-` for standard input. */
  readonly file: string;
  /** Number of the payload within the file, from 1: its line, or its place among the codes of a photo. */
  readonly item: number;
  readonly format: QrFormat | null;
  readonly verdict: DecodeVerdict;
  readonly reason: string | null;
  readonly fields: DecodeFields;
}

/** Fields by name; null when the code has none or it is not shown. */
export type DecodeFields = Readonly<Record<string, string | number | null>>;

/** Tells what a reading means. @param reveal shows identities and secrets whole, instead of masked or left out */
export function reportOf(reading: QrReading, reveal: boolean): Omit<DecodeReport, "file" | "item"> {
  switch (reading.kind) {
    case "credential": {
      const fields = reveal ? revealedFields(reading) : maskedFields(reading);
      return { format: reading.format, verdict: "accepted", reason: null, fields };
    }
    case "party":
      return { format: "party-size", verdict: "accepted", reason: null, fields: { count: reading.count } };
    case "setup":
      return { format: "bp-setup", verdict: "accepted", reason: null, fields: setupFields(reading.setup, reveal) };
    case "staff":
      return { format: "bp-staff", verdict: "accepted", reason: null, fields: { action: reading.action } };
    case "poster":
      return { format: reading.format, verdict: "poster", reason: null, fields: placeFields(reading.place) };
    case "refused":
      return { format: reading.format, verdict: "refused", reason: reading.reason, fields: {} };
    case "unknown":
      return { format: null, verdict: "unknown", reason: reading.reason, fields: {} };
  }
}

function maskedFields({ scheme, evidence, freshness, masked }: Credential): DecodeFields {
  return { scheme, id: masked.id, name: masked.name, birthYear: masked.birthYear, evidence, freshness };
}

function revealedFields({ scheme, id, evidence, freshness, vault, step }: Credential): DecodeFields {
  return { scheme, id, ...vault, evidence, freshness, ...(step !== undefined && { step }) };
}

function setupFields({ url, caSha256, token, site, venue, wifi }: SetupCode, reveal: boolean): DecodeFields {
  return {
    url,
    site,
    venue,
    caSha256,
    token: reveal ? token : maskId(token),
    ...(wifi && { wifi: wifi.ssid, ...(reveal && { wifiPassword: wifi.password }) }),
  };
}

function placeFields(place: PosterPlace | undefined): DecodeFields {
  return { ...place };
}

/** Writes a report for people: one line, the fields at its end. */
export function humanLine({ file, item, format, verdict, reason, fields }: DecodeReport): string {
  const shown = Object.entries(fields)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}=${value}`);
  const verdictText = reason ? `${verdict} (${reason})` : verdict;
  return [`${file}:${item}`, format ?? "-", verdictText, ...shown].join("  ");
}
