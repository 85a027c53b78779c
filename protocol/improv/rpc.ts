import { concatBytes, utf8 } from "../bytes.ts";
import { MalformedError, requireInteger } from "../errors.ts";

/** Most bytes of a frame's data: its length is one byte. */
export const MAX_RPC_DATA_BYTES = 255;
/** Longest name of a Wi-Fi network, bytes. Source: IEEE 802.11-2020, 9.4.2.2. */
export const MAX_SSID_BYTES = 32;
/** A passphrase has at most 63 characters, a key 64 hexadecimal digits. Source: IEEE 802.11-2020, annex J.4. */
export const MAX_PASSWORD_BYTES = 64;

const HEAD_BYTES = 2;
const BYTE = { min: 0, max: 255 };
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What a client wants. */
export interface ImprovCommand {
  readonly kind: "command";
  /** 0 to 255; the same number may mean another thing over another line. */
  readonly command: number;
  readonly data: Uint8Array;
}

/** What came over a line: a command, or bytes that look like one and are not. */
export type ImprovFrame = ImprovCommand | { readonly kind: "broken" };

/** Name and password of a network. The password is empty for an open one. Neither may be logged. */
export interface WifiCredentials {
  readonly ssid: string;
  readonly password: string;
}

/** The low byte of the sum of all bytes. */
export function improvChecksum(bytes: Uint8Array): number {
  let sum = 0;
  for (const byte of bytes) sum = (sum + byte) & 0xff;
  return sum;
}

/**
 * Encodes a frame as it goes over Bluetooth: command, length, data, checksum. Byte table: protocol/FORMATS.md, "Improv Wi-Fi".
 *
 * @param data at most {@link MAX_RPC_DATA_BYTES}
 * @throws {OutOfRangeError} PROTO_OUT_OF_RANGE when command or length do not fit a byte
 */
export function encodeImprovFrame(command: number, data: Uint8Array): Uint8Array {
  const body = encodeImprovBody(command, data);
  return concatBytes(body, Uint8Array.of(improvChecksum(body)));
}

/** Encodes command, length and data, as a serial packet carries them: its own checksum covers them. @throws as {@link encodeImprovFrame} */
export function encodeImprovBody(command: number, data: Uint8Array): Uint8Array {
  requireInteger("improv command", command, BYTE);
  requireInteger("improv data bytes", data.length, BYTE);
  return concatBytes(Uint8Array.of(command, data.length), data);
}

/** Puts frames together from the writes that they came in; a frame may span several of them, and holds at most 258 bytes. */
export class ImprovAssembler {
  #held: Uint8Array = new Uint8Array(0);

  /** Whether the beginning of a frame waits for its rest. */
  get isWaiting(): boolean {
    return this.#held.length > 0;
  }

  /** Takes one write. After a frame with a wrong checksum the rest of the write is dropped: nobody knows where the next one begins. */
  push(written: Uint8Array): ImprovFrame[] {
    const frames: ImprovFrame[] = [];
    let held = concatBytes(this.#held, written);
    for (;;) {
      const frame = firstOf(held);
      if (!frame) break;
      frames.push(parseFrame(frame));
      held = frames.at(-1)?.kind === "broken" ? new Uint8Array(0) : held.slice(frame.length);
    }
    this.#held = held;
    return frames;
  }

  /** Forgets the beginning of a frame: its sender went away, or the rest does not come. */
  reset(): void {
    this.#held = new Uint8Array(0);
  }
}

/** The first frame of some bytes, checksum included; null when it is not complete. */
function firstOf(bytes: Uint8Array): Uint8Array | null {
  const length = bytes[1];
  if (length === undefined || bytes.length < HEAD_BYTES + length + 1) return null;
  return bytes.slice(0, HEAD_BYTES + length + 1);
}

function parseFrame(frame: Uint8Array): ImprovFrame {
  const body = frame.subarray(0, -1);
  if (improvChecksum(body) !== frame.at(-1)) return { kind: "broken" };
  return parseImprovBody(body);
}

/** Reads command, length and data without a checksum. Never throws. */
export function parseImprovBody(body: Uint8Array): ImprovFrame {
  const [command, length] = body;
  if (command === undefined || length !== body.length - HEAD_BYTES) return { kind: "broken" };
  return { kind: "command", command, data: body.slice(HEAD_BYTES) };
}

/**
 * Encodes a list of texts, as results carry them: each with its length before it.
 *
 * @throws {OutOfRangeError} PROTO_OUT_OF_RANGE when a text has more than 255 bytes as UTF-8
 */
export function encodeTexts(texts: readonly string[]): Uint8Array {
  return concatBytes(
    ...texts.map((text) => {
      const bytes = utf8(text);
      requireInteger("improv text bytes", bytes.length, BYTE);
      return concatBytes(Uint8Array.of(bytes.length), bytes);
    }),
  );
}

/**
 * Reads a list of texts.
 *
 * @throws {MalformedError} PROTO_MALFORMED when a length points past the end or a text is not UTF-8
 */
export function parseTexts(data: Uint8Array): string[] {
  const texts: string[] = [];
  for (let at = 0; at < data.length; ) {
    const end = at + 1 + (data[at] as number);
    if (end > data.length) throw new MalformedError("a text of an Improv list is cut", { bytes: data.length });
    texts.push(decode(data.subarray(at + 1, end)));
    at = end;
  }
  return texts;
}

/** Reads the data of "send Wi-Fi settings"; null when it is not exactly a network's name and a password. */
export function parseWifiCredentials(data: Uint8Array): WifiCredentials | null {
  let texts: string[];
  try {
    texts = parseTexts(data);
  } catch (fault) {
    if (fault instanceof MalformedError) return null;
    throw fault;
  }
  const [ssid, password] = texts;
  if (texts.length !== 2 || ssid === undefined || password === undefined) return null;
  const ssidBytes = utf8(ssid).length;
  const isPossible = ssidBytes > 0 && ssidBytes <= MAX_SSID_BYTES && utf8(password).length <= MAX_PASSWORD_BYTES;
  return isPossible ? { ssid, password } : null;
}

function decode(bytes: Uint8Array): string {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    // without a cause: its message could hold what was sent
    throw new MalformedError("a text of an Improv list is not UTF-8", { bytes: bytes.length });
  }
}
