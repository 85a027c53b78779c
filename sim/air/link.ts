import type { Air, Radio, RadioAddress } from "./air.ts";
import { HCI_STATUS } from "./hci.ts";

/** Data packets that a controller holds for its host at one time, and their size. */
export const ACL_BUFFERS = { bytes: 251, count: 8 } as const;
/** Packets that one side gets across in one connection event. */
const PACKETS_PER_EVENT = 6;
/** A link that brought nothing across for this many events was never made. Source: Bluetooth Core 5.4, Vol 6, Part B, 4.5. */
const ESTABLISH_EVENTS = 6;
const NOT_ESTABLISHED = 0x3e;

/** A side of a link, as the controller that holds it. */
export interface LinkEnd {
  readonly radio: Radio;
  readonly address: RadioAddress;
  /** Its controller takes part in connection events: it is on and does not hang. */
  alive(): boolean;
  /** A fragment of a packet came from the other side. */
  received(handle: number, fragment: AclFragment): void;
  /** The other side has one of ours. */
  delivered(handle: number): void;
  /** Its times changed. @param parameters interval, latency and timeout as on the wire */
  updated(handle: number, parameters: readonly number[]): void;
  ended(handle: number, reason: number): void;
}

export interface AclFragment {
  readonly isFirst: boolean;
  readonly bytes: Uint8Array;
}

interface Side {
  readonly end: LinkEnd;
  readonly handle: number;
  readonly queue: AclFragment[];
  lastHeardMs: number;
}

export interface LinkTimes {
  readonly intervalMs: number;
  readonly latency: number;
  readonly timeoutMs: number;
}

/** A connection between two controllers: they meet every interval, and it ends when one has not heard the other for too long. */
export class Link {
  readonly #air: Air;
  readonly #sides: readonly [Side, Side];
  #times: LinkTimes;
  #events = 0;
  #cancel = (): void => {};
  #open = true;
  #established = false;

  /** @param ends central first, then peripheral, each with the handle that it gave */
  constructor(air: Air, ends: readonly [LinkEnd, number, LinkEnd, number], times: LinkTimes) {
    const [central, centralHandle, peripheral, peripheralHandle] = ends;
    const side = (end: LinkEnd, handle: number): Side => ({ end, handle, queue: [], lastHeardMs: air.clock.now() });
    this.#air = air;
    this.#sides = [side(central, centralHandle), side(peripheral, peripheralHandle)];
    this.#times = times;
    this.#plan();
  }

  get times(): LinkTimes {
    return this.#times;
  }

  update(times: LinkTimes): void {
    this.#times = times;
  }

  /** The side at the other end of the one that holds `handle`. */
  peerOf(end: LinkEnd): { readonly end: LinkEnd; readonly handle: number } {
    return this.#other(this.#sideOf(end));
  }

  /** Fragments that wait at one side. */
  queued(end: LinkEnd): number {
    return this.#sideOf(end).queue.length;
  }

  send(end: LinkEnd, fragment: AclFragment): void {
    this.#sideOf(end).queue.push(fragment);
  }

  /** Ends it from one side; the other one learns of it when it can be reached, else by silence. */
  end(end: LinkEnd, reasons: { readonly here: number; readonly there: number }): void {
    const side = this.#sideOf(end);
    const peer = this.#other(side);
    const reached = peer.end.alive() && this.#air.path(end.radio, peer.end.radio) !== null;
    this.#close();
    side.end.ended(side.handle, reasons.here);
    if (reached) peer.end.ended(peer.handle, reasons.there);
    else this.#air.clock.after(this.#times.timeoutMs, () => peer.end.ended(peer.handle, HCI_STATUS.timedOut));
  }

  #plan(): void {
    this.#cancel = this.#air.clock.after(this.#times.intervalMs, () => this.#meet());
  }

  #meet(): void {
    if (!this.#open) return;
    this.#events += 1;
    const [central, peripheral] = this.#sides;
    const together = central.end.alive() && peripheral.end.alive();
    if (together && this.#carry(central, peripheral)) this.#carry(peripheral, central);
    const now = this.#air.clock.now();
    const silentMs = now - Math.min(central.lastHeardMs, peripheral.lastHeardMs);
    if (silentMs >= this.#limitMs()) this.#lose(this.#established ? HCI_STATUS.timedOut : NOT_ESTABLISHED);
    if (this.#open) this.#plan();
  }

  #limitMs(): number {
    return this.#established ? this.#times.timeoutMs : ESTABLISH_EVENTS * this.#times.intervalMs;
  }

  /** @returns whether the first packet came through; without it the other side does not answer */
  #carry(from: Side, to: Side): boolean {
    for (let sent = 0; sent < PACKETS_PER_EVENT; sent += 1) {
      if (this.#air.path(from.end.radio, to.end.radio) === null) return sent > 0;
      to.lastHeardMs = this.#air.clock.now();
      if (to === this.#sides[0]) this.#established = true;
      const fragment = from.queue.shift();
      if (!fragment) break;
      to.end.received(to.handle, fragment);
      from.end.delivered(from.handle);
    }
    return true;
  }

  #lose(reason: number): void {
    this.#close();
    for (const { end, handle } of this.#sides) end.ended(handle, reason);
  }

  #close(): void {
    this.#open = false;
    this.#cancel();
  }

  #sideOf(end: LinkEnd): Side {
    return this.#sides[0].end === end ? this.#sides[0] : this.#sides[1];
  }

  #other(side: Side): Side {
    return this.#sides[0] === side ? this.#sides[1] : this.#sides[0];
  }
}
