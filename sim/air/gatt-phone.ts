import type { Controller } from "./controller.ts";
import { EVENT, LE_EVENT, little16, OPCODE, PACKET, read16 } from "./hci.ts";
import { ScriptedDevice } from "./scripted-device.ts";

const ATT_CHANNEL = 4;
/** Read By Type, over all handles. Source: Bluetooth Core 5.4, Vol 3, Part F, 3.4.4.1. */
const READ_BY_TYPE = 0x08;
const READ_BY_TYPE_ANSWER = 0x09;
const USER_ENDED = 0x13;
const INTERVAL = little16(24);
const SCAN = [...little16(0x60), ...little16(0x60)];
const TIMEOUT = little16(200);

/** A phone that connects to what it hears and reads a value, without a Bluetooth stack of its own. */
export class GattPhone {
  readonly device: ScriptedDevice;
  #handle: number | null = null;
  /** Links that were made, and those that ended, since the beginning. */
  connected = 0;
  dropped = 0;
  /** Answers to reads: each the value, or null for a refusal. */
  readonly answers: (Uint8Array | null)[] = [];

  constructor(controller: Controller) {
    this.device = new ScriptedDevice(controller);
    this.device.onEvent = (packet) => this.#event(packet);
    this.device.onAcl = (_handle, bytes) => this.#answer(bytes);
  }

  /** @param address of the peer, 6 bytes as on the wire @param type 0 public, 1 random */
  connect(address: Uint8Array, type = 0): void {
    const wish = [...SCAN, 0, type, ...address, 0, ...INTERVAL, ...INTERVAL, 0, 0, ...TIMEOUT, 0, 0, 0, 0];
    this.device.command(OPCODE.leConnect, wish);
  }

  /** Asks for the first value of a type. @param uuid 16-bit number */
  read(uuid: number): void {
    const request = [READ_BY_TYPE, 1, 0, 0xff, 0xff, ...little16(uuid)];
    const channel = [...little16(request.length), ...little16(ATT_CHANNEL)];
    const head = [PACKET.acl, ...little16(this.#handle ?? 0), ...little16(channel.length + request.length)];
    this.device.controller.fromHost(Uint8Array.from([...head, ...channel, ...request]));
  }

  disconnect(): void {
    if (this.#handle !== null) this.device.command(OPCODE.disconnect, [...little16(this.#handle), USER_ENDED]);
  }

  #event(packet: Uint8Array): void {
    if (packet[1] === EVENT.leMeta && packet[3] === LE_EVENT.connected && packet[4] === 0) {
      this.#handle = read16(packet, 5);
      this.connected += 1;
    }
    if (packet[1] === EVENT.disconnected) {
      this.#handle = null;
      this.dropped += 1;
    }
  }

  #answer(bytes: Uint8Array): void {
    if (read16(bytes, 2) !== ATT_CHANNEL) return;
    const [code, size = 0] = bytes.subarray(4);
    if (code === READ_BY_TYPE_ANSWER) this.answers.push(bytes.slice(8, 6 + size));
    else this.answers.push(null);
  }
}
