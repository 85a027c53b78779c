import { concatBytes, equalBytes, utf8 } from "../bytes.ts";
import { requireInteger } from "../errors.ts";
import { improvChecksum } from "./rpc.ts";

/** Types of packets over a cable. */
export const SERIAL_PACKET = { state: 1, error: 2, command: 3, result: 4 } as const;

const HEADER = utf8("IMPROV");
const VERSION = 1;
/** Header, version, type, length. */
const HEAD_BYTES = HEADER.length + 3;
const BYTE = { min: 0, max: 255 };

/** What came over a cable: a packet whose checksum is right, or one whose is not. */
export type SerialPacket =
  | { readonly kind: "packet"; readonly type: number; readonly data: Uint8Array }
  | { readonly kind: "broken" };

/**
 * Encodes a packet: `IMPROV`, version, type, length, data, checksum.
 *
 * @param data at most 255 bytes
 * @throws {OutOfRangeError} PROTO_OUT_OF_RANGE when type or length do not fit a byte
 *
 * Source: improv-wifi.com, "Improv via Serial", Packet format. Byte table: protocol/FORMATS.md, "Improv Wi-Fi".
 */
export function encodeSerialPacket(type: number, data: Uint8Array): Uint8Array {
  requireInteger("improv packet type", type, BYTE);
  requireInteger("improv packet bytes", data.length, BYTE);
  const packet = concatBytes(HEADER, Uint8Array.of(VERSION, type, data.length), data);
  return concatBytes(packet, Uint8Array.of(improvChecksum(packet)));
}

/**
 * Finds packets in what comes over a line: between them anything may stand (line ends, a console's text, a beginning that was cut), and
 * reads may split them anywhere. Holds at most one packet, 265 bytes. A packet of another version is skipped like noise.
 */
export class SerialDeframer {
  #held: Uint8Array = new Uint8Array(0);

  /** Whether the beginning of a packet waits for its rest. */
  get isWaiting(): boolean {
    return this.#held.length > 0;
  }

  push(read: Uint8Array): SerialPacket[] {
    const packets: SerialPacket[] = [];
    let held = concatBytes(this.#held, read);
    for (;;) {
      held = held.slice(startIn(held));
      const size = sizeOf(held);
      if (size === null || held.length < size) break;
      const packet = held.slice(0, size);
      const isWhole = improvChecksum(packet.subarray(0, -1)) === packet.at(-1);
      packets.push(
        isWhole ? { kind: "packet", type: packet[7] as number, data: packet.slice(HEAD_BYTES, -1) } : BROKEN,
      );
      // a damaged length may have swallowed the beginning of the next packet: look again, one byte on
      held = held.slice(isWhole ? size : 1);
    }
    this.#held = held;
    return packets;
  }

  /** Forgets the beginning of a packet. */
  reset(): void {
    this.#held = new Uint8Array(0);
  }
}

const BROKEN: SerialPacket = { kind: "broken" };
const START = concatBytes(HEADER, Uint8Array.of(VERSION));

/** Where a packet begins, or might begin once more bytes come; the end when nowhere. */
function startIn(bytes: Uint8Array): number {
  for (let at = 0; at < bytes.length; at += 1) {
    const seen = bytes.slice(at, at + START.length);
    if (equalBytes(seen, START.slice(0, seen.length))) return at;
  }
  return bytes.length;
}

function sizeOf(bytes: Uint8Array): number | null {
  const length = bytes[HEAD_BYTES - 1];
  return length === undefined ? null : HEAD_BYTES + length + 1;
}
