import { BluepostError } from "../../protocol/errors.ts";

/** Bytes on a host's line to its controller that are no HCI packets: the two have lost each other. */
export class HciFramingError extends BluepostError {
  readonly code = "SIM_HCI_FRAMING";
  readonly recovery = "retry";
}

/** First byte of a packet on an H4 line. Source: Bluetooth Core 5.4, Vol 4, Part A, 2. */
export const PACKET = { command: 0x01, acl: 0x02, event: 0x04 } as const;

/** Source of all numbers in this file: Bluetooth Core 5.4, Vol 4, Part E, 7; errors in Vol 1, Part F. */
export const EVENT = {
  disconnected: 0x05,
  remoteVersion: 0x0c,
  commandComplete: 0x0e,
  commandStatus: 0x0f,
  hardwareError: 0x10,
  completedPackets: 0x13,
  bufferOverflow: 0x1a,
  leMeta: 0x3e,
} as const;

export const LE_EVENT = { connected: 0x01, report: 0x02, updated: 0x03, remoteFeatures: 0x04 } as const;

export const HCI_STATUS = {
  ok: 0x00,
  unknownCommand: 0x01,
  unknownConnection: 0x02,
  timedOut: 0x08,
  disallowed: 0x0c,
  invalid: 0x12,
  endedByHost: 0x16,
} as const;

const LINK = 0x01;
const BASEBAND = 0x03;
const INFORMATION = 0x04;
const STATUS = 0x05;
const LE = 0x08;

/** Number of a command: group and command. */
function opcode(group: number, command: number): number {
  return (group << 10) | command;
}

export const OPCODE = {
  disconnect: opcode(LINK, 0x06),
  readRemoteVersion: opcode(LINK, 0x1d),
  setEventMask: opcode(BASEBAND, 0x01),
  reset: opcode(BASEBAND, 0x03),
  readLeHost: opcode(BASEBAND, 0x6c),
  writeLeHost: opcode(BASEBAND, 0x6d),
  readVersion: opcode(INFORMATION, 0x01),
  readCommands: opcode(INFORMATION, 0x02),
  readFeatures: opcode(INFORMATION, 0x03),
  readBufferSize: opcode(INFORMATION, 0x05),
  readAddress: opcode(INFORMATION, 0x09),
  readRssi: opcode(STATUS, 0x05),
  leSetEventMask: opcode(LE, 0x01),
  leReadBufferSize: opcode(LE, 0x02),
  leReadFeatures: opcode(LE, 0x03),
  leSetRandomAddress: opcode(LE, 0x05),
  leSetAdvertisingParameters: opcode(LE, 0x06),
  leReadAdvertisingPower: opcode(LE, 0x07),
  leSetAdvertisingData: opcode(LE, 0x08),
  leSetScanResponse: opcode(LE, 0x09),
  leSetAdvertiseEnable: opcode(LE, 0x0a),
  leSetScanParameters: opcode(LE, 0x0b),
  leSetScanEnable: opcode(LE, 0x0c),
  leConnect: opcode(LE, 0x0d),
  leCancelConnect: opcode(LE, 0x0e),
  leReadAcceptListSize: opcode(LE, 0x0f),
  leClearAcceptList: opcode(LE, 0x10),
  leAddToAcceptList: opcode(LE, 0x11),
  leRemoveFromAcceptList: opcode(LE, 0x12),
  leUpdateConnection: opcode(LE, 0x13),
  leReadRemoteFeatures: opcode(LE, 0x16),
  leReadStates: opcode(LE, 0x1c),
  leSetDefaultPhy: opcode(LE, 0x31),
} as const;

export function little16(value: number): readonly [number, number] {
  return [value & 0xff, (value >> 8) & 0xff];
}

export function read16(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
}

/** A command as a host sends it, H4 byte included. */
export function commandPacket(command: number, parameters: ArrayLike<number> = []): Uint8Array {
  return Uint8Array.from([PACKET.command, ...little16(command), parameters.length, ...Array.from(parameters)]);
}

/** An event as a controller sends it, H4 byte included. */
export function eventPacket(code: number, parameters: ArrayLike<number>): Uint8Array {
  const packet = new Uint8Array(3 + parameters.length);
  packet[0] = PACKET.event;
  packet[1] = code;
  packet[2] = parameters.length;
  packet.set(parameters, 3);
  return packet;
}

/** Address text `aa:bb:cc:dd:ee:ff` to its 6 bytes as they stand on the wire, least significant first. */
export function wireAddress(text: string): Uint8Array {
  const bytes = text.split(":").map((part) => Number.parseInt(part, 16));
  return Uint8Array.from(bytes.reverse());
}

/** Length of the packet that begins `bytes`, or null when its head is not whole. @throws {HciFramingError} SIM_HCI_FRAMING */
export function packetLength(bytes: Uint8Array): number | null {
  const [type, , second, third] = bytes;
  if (type === undefined) return null;
  if (type === PACKET.event) return second === undefined ? null : 3 + second;
  if (type === PACKET.command) return third === undefined ? null : 4 + third;
  if (type === PACKET.acl) return bytes.length < 5 ? null : 5 + read16(bytes, 3);
  throw new HciFramingError("not an HCI packet", { type });
}

/** Puts packets together that come in pieces. */
export class PacketFramer {
  readonly #length: (bytes: Uint8Array) => number | null;
  #rest = new Uint8Array(0);

  /** @param length tells how long the packet at the beginning is; default: H4 */
  constructor(length: (bytes: Uint8Array) => number | null = packetLength) {
    this.#length = length;
  }

  /** @returns the packets that are whole now; copies @throws {HciFramingError} SIM_HCI_FRAMING; nothing can follow then */
  push(chunk: Uint8Array): readonly Uint8Array[] {
    const bytes = new Uint8Array(this.#rest.length + chunk.length);
    bytes.set(this.#rest);
    bytes.set(chunk, this.#rest.length);
    const packets: Uint8Array[] = [];
    let at = 0;
    for (;;) {
      const length = this.#length(bytes.subarray(at));
      if (length === null || at + length > bytes.length) break;
      packets.push(bytes.slice(at, at + length));
      at += length;
    }
    this.#rest = bytes.slice(at);
    return packets;
  }
}
