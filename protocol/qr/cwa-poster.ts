import { concatBytes, fromBase64Url, toHex, utf8 } from "../bytes.ts";
import type { CryptoPort } from "../crypto-port.ts";
import { MalformedError } from "../errors.ts";
import type { QrFormatReader } from "./format.ts";
import { type ProtobufField, readProtobuf } from "./protobuf.ts";
import { displayText } from "./symbol-text.ts";

const URL_PREFIX = /^https:\/\/e\.coronawarn\.app\/?\?v=1#/i;
const VENDOR_MARK = "/CWA1/";
const PAYLOAD = { version: 1, location: 2, crowdNotifier: 3 } as const;
const LOCATION = { description: 2, address: 3, start: 5, end: 6 } as const;
const CROWD_NOTIFIER = { publicKey: 2, seed: 3 } as const;

/** A place of the Corona-Warn-App, as its code describes it. */
export interface CwaPlace {
  readonly description: string;
  readonly address: string;
  /** Seconds since 1970; 0 for a place without hours. */
  readonly startSeconds: number;
  readonly endSeconds: number;
  /** SHA-256("CWA-GUID" | payload): what the app keys a check-in by. 32 bytes. */
  readonly locationId: Uint8Array;
  /** SHA-256(locationId): what warnings are published under. 32 bytes. */
  readonly locationIdHash: Uint8Array;
}

/** The base64url payload in the text of a code: the app's own address, or a vendor's with `/CWA1/` in its fragment; null for neither. */
export function cwaPayloadOf(text: string): string | null {
  const own = URL_PREFIX.exec(text);
  if (own) return text.slice(own[0].length);
  if (!text.startsWith("https://")) return null;
  const fragment = text.indexOf("#");
  const mark = fragment < 0 ? -1 : text.indexOf(VENDOR_MARK, fragment);
  return mark < 0 ? null : text.slice(mark + VENDOR_MARK.length);
}

/**
 * Reads the payload of a presence-tracing code.
 *
 * Source: Corona-Warn-App, event registration design and `trace_location.proto` (times are fields 5 and 6).
 *
 * @throws {MalformedError} PROTO_MALFORMED when it is not a QRCodePayload of version 1
 */
export function parseCwaPayload(crypto: CryptoPort, base64: string): CwaPlace {
  const payload = fromBase64Url(base64);
  const fields = readProtobuf(payload);
  const location = readProtobuf(bytesAt(fields, PAYLOAD.location));
  const notifier = readProtobuf(bytesAt(fields, PAYLOAD.crowdNotifier));
  if (numberAt(fields, PAYLOAD.version) !== 1 || bytesAt(notifier, CROWD_NOTIFIER.publicKey).length === 0)
    throw new MalformedError("not a code of the Corona-Warn-App");
  const locationId = crypto.sha256(concatBytes(utf8("CWA-GUID"), payload));
  return {
    description: textAt(location, LOCATION.description),
    address: textAt(location, LOCATION.address),
    startSeconds: numberAt(location, LOCATION.start),
    endSeconds: numberAt(location, LOCATION.end),
    locationId,
    locationIdHash: crypto.sha256(locationId),
  };
}

function last(fields: readonly ProtobufField[], number: number): number | Uint8Array | undefined {
  return fields.findLast((field) => field.number === number)?.value;
}

function bytesAt(fields: readonly ProtobufField[], number: number): Uint8Array {
  const value = last(fields, number);
  if (!(value instanceof Uint8Array)) throw new MalformedError("not a code of the Corona-Warn-App");
  return value;
}

function numberAt(fields: readonly ProtobufField[], number: number): number {
  const value = last(fields, number) ?? 0;
  if (typeof value !== "number") throw new MalformedError("not a code of the Corona-Warn-App");
  return value;
}

function textAt(fields: readonly ProtobufField[], number: number): string {
  return displayText(new TextDecoder().decode(bytesAt(fields, number)));
}

/** Poster of a German venue, and of vendors that carry the same payload. */
export function cwaPoster(crypto: CryptoPort): QrFormatReader {
  return {
    format: "corona-warn-app",
    owns: (text) => cwaPayloadOf(text) !== null,
    read(text) {
      const { description, address, locationId } = parseCwaPayload(crypto, cwaPayloadOf(text) ?? "");
      const place = { id: toHex(locationId), name: description, address };
      return { kind: "poster", format: "corona-warn-app", place };
    },
  };
}
