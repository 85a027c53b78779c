import type { SimClock } from "../clock.ts";
import type { Controller } from "./controller.ts";
import { EVENT, PACKET } from "./hci.ts";

/** Time after which the kernel gives up on an answer and sends the next command, milliseconds (HCI_CMD_TIMEOUT of Linux). */
const COMMAND_TIMEOUT_MS = 2_000;
/** Commands that may wait for the controller; a program that writes faster loses them. */
const MAX_QUEUED = 256;
const FILTER_BYTES = 12;

/** A program's raw HCI socket, bound to an adapter. */
export interface RawSocket {
  /** What the program wants to see: packet types, then events, as in `struct hci_filter`; null: nothing yet. */
  readonly filter: Uint8Array | null;
  deliver(packet: Uint8Array): void;
  /** The adapter went down or up. */
  changed(isUp: boolean): void;
}

/** Watches every packet of an adapter: for a capture. @param fromHost direction */
export type PacketWatcher = (packet: Uint8Array, fromHost: boolean) => void;

/**
 * What the Linux kernel makes of a controller: one adapter hciN that several programs share by raw sockets. Each sees what its filter
 * lets through, also answers to the others; commands go to the controller one at a time.
 */
export class HciDev {
  readonly controller: Controller;
  readonly #clock: SimClock;
  readonly #sockets = new Set<RawSocket>();
  readonly #watchers = new Set<PacketWatcher>();
  #queue: Uint8Array[] = [];
  #credits = 1;
  #cancelTimeout = (): void => {};

  constructor(controller: Controller) {
    this.controller = controller;
    this.#clock = controller.air.clock;
    controller.toHost = (packet) => this.#fromController(packet);
  }

  get isUp(): boolean {
    return this.controller.powered;
  }

  attach(socket: RawSocket): void {
    this.#sockets.add(socket);
  }

  detach(socket: RawSocket): void {
    this.#sockets.delete(socket);
  }

  get attached(): number {
    return this.#sockets.size;
  }

  /** @returns a function that ends the watching */
  watch(watcher: PacketWatcher): () => void {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  /** What `hciconfig hciN down` does; the programs keep their sockets. */
  down(): void {
    this.controller.setPowered(false);
    this.#restart();
    for (const socket of this.#sockets) socket.changed(false);
  }

  up(): void {
    this.controller.setPowered(true);
    this.#restart();
    for (const socket of this.#sockets) socket.changed(true);
  }

  /** A packet that a program writes. @returns false when the adapter is down: the program gets ENETDOWN */
  send(from: RawSocket, packet: Uint8Array): boolean {
    if (!this.isUp) return false;
    this.#fan(packet, from);
    if (packet[0] === PACKET.command) {
      if (this.#queue.length < MAX_QUEUED) this.#queue.push(packet);
      this.#pump();
    } else {
      this.#toController(packet);
    }
    return true;
  }

  #restart(): void {
    this.#cancelTimeout();
    this.#queue = [];
    this.#credits = 1;
  }

  #pump(): void {
    if (this.#credits <= 0) return;
    const packet = this.#queue.shift();
    if (!packet) return;
    this.#credits -= 1;
    this.#cancelTimeout();
    this.#cancelTimeout = this.#clock.after(COMMAND_TIMEOUT_MS, () => {
      this.#credits = 1;
      this.#pump();
    });
    this.#toController(packet);
  }

  #toController(packet: Uint8Array): void {
    for (const watcher of this.#watchers) watcher(packet, true);
    this.controller.fromHost(packet);
  }

  #fromController(packet: Uint8Array): void {
    for (const watcher of this.#watchers) watcher(packet, false);
    this.#fan(packet, null);
    const credits = creditsOf(packet);
    if (credits === null) return;
    this.#cancelTimeout();
    this.#credits = credits;
    this.#pump();
  }

  #fan(packet: Uint8Array, except: RawSocket | null): void {
    for (const socket of this.#sockets) if (socket !== except && passes(socket.filter, packet)) socket.deliver(packet);
  }
}

/** How many commands the controller takes now, as its answers say; null for other packets. */
function creditsOf(packet: Uint8Array): number | null {
  if (packet[0] !== PACKET.event) return null;
  if (packet[1] === EVENT.commandComplete) return packet[3] ?? 1;
  if (packet[1] === EVENT.commandStatus) return packet[4] ?? 1;
  return null;
}

function passes(filter: Uint8Array | null, packet: Uint8Array): boolean {
  if (!filter || filter.length < FILTER_BYTES) return false;
  const view = new DataView(filter.buffer, filter.byteOffset, filter.byteLength);
  const type = packet[0] ?? 0;
  if ((view.getUint32(0, true) & (1 << (type & 31))) === 0) return false;
  if (type !== PACKET.event) return true;
  const event = (packet[1] ?? 0) & 63;
  return (view.getUint32(event < 32 ? 4 : 8, true) & (1 << (event & 31))) !== 0;
}
