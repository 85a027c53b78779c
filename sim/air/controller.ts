import { Advertiser } from "./advertiser.ts";
import type { AdvertisingEvent, Air, Radio, RadioAddress } from "./air.ts";
import { type CommandTarget, runCommand } from "./commands.ts";
import { EVENT, eventPacket, HCI_STATUS, LE_EVENT, little16, OPCODE, PACKET, read16, wireAddress } from "./hci.ts";
import { ACL_BUFFERS, type AclFragment, Link } from "./link.ts";
import { Listener, type Report } from "./listener.ts";
import type { Position } from "./propagation.ts";

const FIRST_HANDLE = 0x40;
const MAX_HANDLE = 0x0eff;
/** A host may send one command at a time; what comes before the answer waits, up to so many. */
const MAX_WAITING = 32;
/** A fragment that begins a packet: from host to controller, and from controller to host. */
const FIRST_FROM_HOST = 0;
const CONTINUING = 1;
const FIRST_TO_HOST = 2;

export interface ControllerOptions {
  readonly name: string;
  /** Public address, `aa:bb:cc:dd:ee:ff`. */
  readonly address: string;
  /** Radiated power, dBm; default 0. */
  readonly txPower?: number;
  readonly position?: Position;
  /** Time that a command takes, milliseconds; default 0.3. */
  readonly latencyMs?: number;
}

/** What can go wrong with a controller. */
export type ControllerFault =
  /** It answers nothing and hears nothing until it is switched off and on. */
  | "hang"
  /** It forgets everything and says nothing about it. */
  | "silent-reset"
  /** It forgets everything and sends a Hardware Error event. */
  | "hardware-error";

/**
 * A virtual Bluetooth LE controller of version 4.2 on the air: commands and data in by `fromHost`, events and data out by `toHost`,
 * each a whole H4 packet.
 */
export class Controller implements CommandTarget {
  readonly name: string;
  readonly txPower: number;
  position: Position;
  readonly publicAddress: Uint8Array;
  /** Where packets for the host go; set by whoever attaches one. */
  toHost = (_packet: Uint8Array): void => {};
  readonly air: Air;
  readonly #latencyMs: number;
  #randomAddress: Uint8Array | null = null;
  #powered = true;
  #hangs = false;
  #waiting: Uint8Array[] = [];
  #busy = false;
  #links = new Map<number, Link>();
  #nextHandle = FIRST_HANDLE;
  advertiser: Advertiser;
  listener: Listener;
  /** Commands by opcode, since it was made. */
  readonly commands = new Map<number, number>();

  constructor(air: Air, options: ControllerOptions) {
    this.air = air;
    this.name = options.name;
    this.publicAddress = wireAddress(options.address);
    this.txPower = options.txPower ?? 0;
    this.position = options.position ?? { x: 0, y: 0 };
    this.#latencyMs = options.latencyMs ?? 0.3;
    this.advertiser = new Advertiser(air, this);
    this.listener = new Listener(air, (report) => this.#report(report));
    air.join(this);
  }

  get radio(): Radio {
    return this;
  }

  get address(): RadioAddress {
    return { type: 0, bytes: this.publicAddress };
  }

  get powered(): boolean {
    return this.#powered;
  }

  get links(): number {
    return this.#links.size;
  }

  /** Takes it out of the air for good. */
  close(): void {
    this.setPowered(false);
    this.air.leave(this);
  }

  /** Off: it forgets everything, and its links die of silence on the other side. */
  setPowered(on: boolean): void {
    if (on === this.#powered) return;
    this.#powered = on;
    this.#hangs = false;
    this.forget();
  }

  fault(kind: ControllerFault, code = 0): void {
    if (kind === "hang") {
      this.#hangs = true;
      return;
    }
    this.forget();
    if (kind === "hardware-error") this.event(EVENT.hardwareError, [code]);
  }

  /** The state after HCI Reset. */
  forget(): void {
    this.advertiser.stop();
    this.advertiser = new Advertiser(this.air, this);
    this.listener = new Listener(this.air, (report) => this.#report(report));
    this.#randomAddress = null;
    this.#waiting = [];
    this.#busy = false;
    const links = [...this.#links.values()];
    this.#links = new Map();
    for (const link of links) link.end(this, { here: HCI_STATUS.endedByHost, there: HCI_STATUS.timedOut });
  }

  /** One H4 packet of the host. Others are ignored, as a controller ignores noise on its line. */
  fromHost(packet: Uint8Array): void {
    if (!this.alive()) return;
    if (packet[0] === PACKET.acl) this.#sendAcl(packet);
    if (packet[0] !== PACKET.command || packet.length < 4) return;
    if (this.#waiting.length < MAX_WAITING) this.#waiting.push(packet.slice());
    this.#nextCommand();
  }

  alive(): boolean {
    return this.#powered && !this.#hangs;
  }

  ownAddress(type: number): RadioAddress | null {
    if (type === 0) return this.address;
    return this.#randomAddress && { type: 1, bytes: this.#randomAddress };
  }

  setRandomAddress(bytes: Uint8Array): void {
    this.#randomAddress = bytes.slice(0, 6);
  }

  linkOf(handle: number): Link | undefined {
    return this.#links.get(handle);
  }

  event(code: number, parameters: ArrayLike<number>): void {
    if (this.alive()) this.toHost(eventPacket(code, parameters));
  }

  leEvent(code: number, parameters: readonly number[]): void {
    this.event(EVENT.leMeta, [code, ...parameters]);
  }

  // the air's side

  listeningOn(fromMs: number, toMs: number): number | null {
    return this.alive() ? this.listener.listeningOn(fromMs, toMs) : null;
  }

  hear(from: Radio, event: AdvertisingEvent, rssi: number): void {
    if (!this.listener.hear(event, rssi) || !(from instanceof Controller)) return;
    const isForMe = !event.target || event.target.bytes.every((byte, at) => byte === this.publicAddress[at]);
    if (from.advertiser.connectable && isForMe) this.#connect(from, event.address);
  }

  received(handle: number, { isFirst, bytes }: AclFragment): void {
    const flags = isFirst ? FIRST_TO_HOST : CONTINUING;
    const head = [PACKET.acl, ...little16(handle | (flags << 12)), ...little16(bytes.length)];
    const packet = new Uint8Array(head.length + bytes.length);
    packet.set(head);
    packet.set(bytes, head.length);
    if (this.alive()) this.toHost(packet);
  }

  delivered(handle: number): void {
    this.event(EVENT.completedPackets, [1, ...little16(handle), 1, 0]);
  }

  updated(handle: number, parameters: readonly number[]): void {
    this.leEvent(LE_EVENT.updated, [HCI_STATUS.ok, ...little16(handle), ...parameters]);
  }

  ended(handle: number, reason: number): void {
    this.#links.delete(handle);
    this.event(EVENT.disconnected, [HCI_STATUS.ok, ...little16(handle), reason]);
  }

  #nextCommand(): void {
    if (this.#busy) return;
    const packet = this.#waiting.shift();
    if (!packet) return;
    this.#busy = true;
    const life = this.advertiser;
    this.air.clock.after(this.#latencyMs, () => {
      if (life !== this.advertiser || !this.alive()) return; // a reset or a power cut swallowed it
      this.#busy = false;
      const command = read16(packet, 1);
      this.commands.set(command, (this.commands.get(command) ?? 0) + 1);
      const later = this.#waiting;
      runCommand(this, command, packet.subarray(4, 4 + (packet[3] ?? 0)));
      if (command === OPCODE.reset) this.#waiting = later; // sent after it, so they outlive it
      this.#nextCommand();
    });
  }

  #connect(peripheral: Controller, heard: RadioAddress): void {
    const wish = this.listener.wish;
    if (!wish) return;
    this.listener.endWish();
    peripheral.advertiser.stop();
    const [here, there] = [this.#newHandle(), peripheral.#newHandle()];
    const times = { intervalMs: wish.intervalMs, latency: wish.latency, timeoutMs: wish.timeoutMs };
    const link = new Link(this.air, [this, here, peripheral, there], times);
    this.#links.set(here, link);
    peripheral.#links.set(there, link);
    const own = this.ownAddress(wish.ownType) ?? this.address;
    const parameters = [
      ...little16(wish.intervalMs / 1.25),
      ...little16(wish.latency),
      ...little16(wish.timeoutMs / 10),
      0,
    ];
    const told = (handle: number, role: number, peer: RadioAddress): number[] => [
      HCI_STATUS.ok,
      ...little16(handle),
      role,
      peer.type,
      ...peer.bytes,
      ...parameters,
    ];
    peripheral.leEvent(LE_EVENT.connected, told(there, 1, own));
    this.leEvent(LE_EVENT.connected, told(here, 0, heard));
  }

  #newHandle(): number {
    const handle = this.#nextHandle;
    this.#nextHandle = handle >= MAX_HANDLE ? FIRST_HANDLE : handle + 1;
    return handle;
  }

  #sendAcl(packet: Uint8Array): void {
    const word = read16(packet, 1);
    const link = this.#links.get(word & 0x0fff);
    if (!link) return;
    if (link.queued(this) >= ACL_BUFFERS.count) {
      this.event(EVENT.bufferOverflow, [1]);
      return;
    }
    const flags = (word >> 12) & 3;
    const isFirst = flags === FIRST_FROM_HOST || flags === FIRST_TO_HOST;
    link.send(this, { isFirst, bytes: packet.slice(5, 5 + read16(packet, 3)) });
  }

  #report({ type, address, payload, rssi }: Report): void {
    const report = [1, type, address.type, ...address.bytes, payload.length, ...payload, rssi & 0xff];
    this.leEvent(LE_EVENT.report, report);
  }
}
