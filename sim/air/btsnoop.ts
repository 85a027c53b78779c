import { closeSync, openSync, writeSync } from "node:fs";
import { BluepostError } from "../../protocol/errors.ts";
import type { SimClock } from "../clock.ts";
import { PACKET } from "./hci.ts";
import type { PacketWatcher } from "./hci-dev.ts";

/** A file is not a btsnoop capture of a kind that is read here. */
export class NotBtsnoopError extends BluepostError {
  readonly code = "SIM_NOT_BTSNOOP";
  readonly recovery = "operator";
}

const MAGIC = Buffer.from("btsnoop\0");
const VERSION = 1;
const FILE_HEAD = 16;
const RECORD_HEAD = 24;
/** What the packets look like. Source: btsnoop(5) of BlueZ, src/shared/btsnoop.h; Symbian's format, as Wireshark reads it. */
const LINK = { hci: 1001, h4: 1002, monitor: 2001 } as const;
/** Microseconds from the year 0 to 1970, as the format counts. */
const EPOCH_US = 0x00dc_ddb3_0f2f_8000n;
const FROM_CONTROLLER = 1;
const COMMAND_OR_EVENT = 2;
/** Kinds of records of BlueZ's monitor that are packets, and our packet type. */
const MONITOR: ReadonlyMap<number, readonly [number, boolean]> = new Map([
  [2, [PACKET.command, true]],
  [3, [PACKET.event, false]],
  [4, [PACKET.acl, true]],
  [5, [PACKET.acl, false]],
]);
const MAX_PACKET_BYTES = 65_536;

/** One packet of a capture. */
export interface CapturedPacket {
  /** H4 packet. */
  readonly packet: Uint8Array;
  readonly fromHost: boolean;
  /** Microseconds since 1970. */
  readonly atUs: bigint;
}

/** The first 16 bytes of a capture of H4 packets. */
export function btsnoopHead(): Uint8Array {
  const head = Buffer.alloc(FILE_HEAD);
  MAGIC.copy(head);
  head.writeUInt32BE(VERSION, 8);
  head.writeUInt32BE(LINK.h4, 12);
  return head;
}

export function btsnoopRecord({ packet, fromHost, atUs }: CapturedPacket): Uint8Array {
  const record = Buffer.alloc(RECORD_HEAD + packet.length);
  const isData = packet[0] === PACKET.acl;
  record.writeUInt32BE(packet.length, 0);
  record.writeUInt32BE(packet.length, 4);
  record.writeUInt32BE((fromHost ? 0 : FROM_CONTROLLER) | (isData ? 0 : COMMAND_OR_EVENT), 8);
  record.writeBigUInt64BE(atUs + EPOCH_US, 16);
  record.set(packet, RECORD_HEAD);
  return record;
}

/** Writes what passes between hosts and controllers to a file that Wireshark opens. */
export class BtsnoopCapture {
  readonly #file: number;
  readonly #clock: Pick<SimClock, "now">;
  readonly #startWallMs: number;
  #packets = 0;

  /** @param startWallMs date of the beginning of the clock's time */
  constructor(path: string, clock: Pick<SimClock, "now">, startWallMs: number) {
    this.#clock = clock;
    this.#startWallMs = startWallMs;
    this.#file = openSync(path, "w");
    writeSync(this.#file, btsnoopHead());
  }

  /** Packets written. */
  get packets(): number {
    return this.#packets;
  }

  /** Adds one packet, now. */
  readonly write: PacketWatcher = (packet, fromHost) => {
    const atUs = BigInt(Math.round((this.#startWallMs + this.#clock.now()) * 1_000));
    writeSync(this.#file, btsnoopRecord({ packet, fromHost, atUs }));
    this.#packets += 1;
  };

  /** Nothing may be written after this. */
  close(): void {
    closeSync(this.#file);
  }
}

/**
 * Reads the packets of a capture in order: files of Android phones, of BlueZ's `btmon -w` and of the simulator. A record cut off at the end,
 * as of a phone that was switched off, ends it.
 *
 * @throws {NotBtsnoopError} SIM_NOT_BTSNOOP when it is something else
 */
export function* readBtsnoop(bytes: Uint8Array): Generator<CapturedPacket> {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file.length < FILE_HEAD || !file.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new NotBtsnoopError("not a btsnoop capture", { bytes: file.length });
  }
  const link = file.readUInt32BE(12);
  if (!Object.values(LINK).includes(link as (typeof LINK)["h4"])) {
    throw new NotBtsnoopError("a btsnoop capture of another kind of link", { link });
  }
  for (let at = FILE_HEAD; at + RECORD_HEAD <= file.length; ) {
    const length = file.readUInt32BE(at + 4);
    const end = at + RECORD_HEAD + length;
    if (length > MAX_PACKET_BYTES || end > file.length) return;
    const content = file.subarray(at + RECORD_HEAD, end);
    const packet = packetOf(link, file.readUInt32BE(at + 8), content);
    if (packet) yield { ...packet, atUs: file.readBigUInt64BE(at + 16) - EPOCH_US };
    at = end;
  }
}

function packetOf(link: number, flags: number, content: Uint8Array): Omit<CapturedPacket, "atUs"> | null {
  if (link === LINK.h4) return { packet: Uint8Array.from(content), fromHost: (flags & FROM_CONTROLLER) === 0 };
  if (link === LINK.monitor) {
    const kind = MONITOR.get(flags & 0xffff);
    return kind ? { packet: Uint8Array.from([kind[0], ...content]), fromHost: kind[1] } : null;
  }
  const fromHost = (flags & FROM_CONTROLLER) === 0;
  const type = (flags & COMMAND_OR_EVENT) === 0 ? PACKET.acl : fromHost ? PACKET.command : PACKET.event;
  return { packet: Uint8Array.from([type, ...content]), fromHost };
}
