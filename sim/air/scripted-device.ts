import { ADVERTISING } from "./air.ts";
import type { Controller } from "./controller.ts";
import { commandPacket, EVENT, LE_EVENT, little16, OPCODE, PACKET, read16 } from "./hci.ts";

const UNIT_MS = 0.625;
const MAX_DATA = 31;
const ALL_CHANNELS = 7;

export interface ScriptedAdvertisement {
  /** At most 31 bytes. */
  readonly payload: Uint8Array;
  readonly scanResponse?: Uint8Array;
  /** One of ADVERTISING; default: silent, that is not connectable. */
  readonly type?: number;
  readonly intervalMs?: number;
  /** Random address to send from, 6 bytes as on the wire; default: the public one. */
  readonly address?: Uint8Array;
}

/** What a scripted device heard: one report. */
export interface HeardReport {
  readonly type: number;
  readonly addressType: number;
  /** 6 bytes as on the wire. */
  readonly address: Uint8Array;
  readonly payload: Uint8Array;
  readonly rssi: number;
}

/** A device that is not run by a host stack but by a script: a few commands to its controller, and what comes back. */
export class ScriptedDevice {
  readonly controller: Controller;
  /** Every event that the controller sends, H4 byte included. */
  onEvent = (_packet: Uint8Array): void => {};
  onReport = (_report: HeardReport): void => {};
  /** A fragment of a packet from a peer: its payload, and whether it begins one. */
  onAcl = (_handle: number, _bytes: Uint8Array, _isFirst: boolean): void => {};

  constructor(controller: Controller) {
    this.controller = controller;
    controller.toHost = (packet) => this.#received(packet);
  }

  command(opcode: number, parameters: ArrayLike<number> = []): void {
    this.controller.fromHost(commandPacket(opcode, parameters));
  }

  /** Sends this from now on, in place of what it sent before. */
  advertise(advertisement: ScriptedAdvertisement): void {
    const { payload, scanResponse = new Uint8Array(0), type = ADVERTISING.silent, intervalMs = 100 } = advertisement;
    const interval = little16(Math.round(intervalMs / UNIT_MS));
    this.silence();
    if (advertisement.address) this.command(OPCODE.leSetRandomAddress, advertisement.address);
    const ownType = advertisement.address ? 1 : 0;
    const target = [0, 0, 0, 0, 0, 0, 0];
    const parameters = [...interval, ...interval, type, ownType, ...target, ALL_CHANNELS, 0];
    this.command(OPCODE.leSetAdvertisingParameters, parameters);
    this.command(OPCODE.leSetAdvertisingData, padded(payload));
    this.command(OPCODE.leSetScanResponse, padded(scanResponse));
    this.command(OPCODE.leSetAdvertiseEnable, [1]);
  }

  silence(): void {
    this.command(OPCODE.leSetAdvertiseEnable, [0]);
  }

  /** Listens; reports go to `onReport`, each repetition too. */
  listen(options: { readonly active?: boolean; readonly intervalMs?: number; readonly windowMs?: number } = {}): void {
    const { active = false, intervalMs = 10, windowMs = intervalMs } = options;
    const times = [...little16(intervalMs / UNIT_MS), ...little16(windowMs / UNIT_MS)];
    this.command(OPCODE.leSetScanEnable, [0, 0]);
    this.command(OPCODE.leSetScanParameters, [active ? 1 : 0, ...times, 0, 0]);
    this.command(OPCODE.leSetScanEnable, [1, 0]);
  }

  /** Takes it out of the air. */
  close(): void {
    this.controller.close();
  }

  #received(packet: Uint8Array): void {
    if (packet[0] === PACKET.acl) {
      const word = read16(packet, 1);
      this.onAcl(word & 0x0fff, packet.subarray(5), word >> 12 !== 1);
      return;
    }
    this.onEvent(packet);
    if (packet[1] === EVENT.leMeta && packet[3] === LE_EVENT.report) this.onReport(reportOf(packet));
  }
}

function reportOf(packet: Uint8Array): HeardReport {
  const length = packet[13] ?? 0;
  return {
    type: packet[5] ?? 0,
    addressType: packet[6] ?? 0,
    address: packet.slice(7, 13),
    payload: packet.slice(14, 14 + length),
    rssi: ((packet[14 + length] ?? 0) << 24) >> 24,
  };
}

function padded(bytes: Uint8Array): Uint8Array {
  const parameters = new Uint8Array(1 + MAX_DATA);
  parameters[0] = bytes.length;
  parameters.set(bytes, 1);
  return parameters;
}
