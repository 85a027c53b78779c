import { ADVERTISING, type Air, type Radio, type RadioAddress } from "./air.ts";
import { HCI_STATUS, read16 } from "./hci.ts";

const MAX_DATA = 31;
const UNIT_MS = 0.625;
const MIN_INTERVAL = 0x20;
const MAX_INTERVAL = 0x4000;
/** Each event comes up to this much later than its interval says. Source: Bluetooth Core 5.4, Vol 6, Part B, 4.4.2.2. */
const MAX_DELAY_MS = 10;
const PARAMETERS = 15;

/** How a controller knows its own addresses. */
export interface OwnAddresses {
  /** Null when a random one is asked for and none was set. @param type 0 public, 1 random */
  ownAddress(type: number): RadioAddress | null;
}

/** The part of a controller that sends advertisements; as after a reset when made. */
export class Advertiser {
  readonly #air: Air;
  readonly #radio: Radio & OwnAddresses;
  #intervalMs = 1_280;
  #type: number = ADVERTISING.connectable;
  #ownType = 0;
  #target: RadioAddress | null = null;
  #channels = 7;
  #payload = new Uint8Array(0);
  #scanResponse = new Uint8Array(0);
  #cancel: (() => void) | null = null;

  constructor(air: Air, radio: Radio & OwnAddresses) {
    this.#air = air;
    this.#radio = radio;
  }

  get on(): boolean {
    return this.#cancel !== null;
  }

  /** What is in the air; null when silent. */
  get onAir(): Uint8Array | null {
    return this.on ? this.#payload : null;
  }

  get intervalMs(): number {
    return this.#intervalMs;
  }

  get connectable(): boolean {
    return this.on && (this.#type === ADVERTISING.connectable || this.#target !== null);
  }

  /** @returns a status: `disallowed` while it advertises, which is how a host can ask whether it does */
  setParameters(p: Uint8Array): number {
    if (p.length < PARAMETERS) return HCI_STATUS.invalid;
    if (this.on) return HCI_STATUS.disallowed;
    const [interval, maxInterval, type = 0, ownType = 0] = [read16(p, 0), read16(p, 2), p[4], p[5]];
    const isDirected = type === ADVERTISING.directedFast || type === ADVERTISING.directedSlow;
    const intervalHolds = interval >= MIN_INTERVAL && interval <= maxInterval && maxInterval <= MAX_INTERVAL;
    const channels = (p[13] ?? 0) & 7;
    if (type > ADVERTISING.directedSlow || ownType > 1 || channels === 0) return HCI_STATUS.invalid;
    if (!intervalHolds && type !== ADVERTISING.directedFast) return HCI_STATUS.invalid;
    this.#intervalMs = interval * UNIT_MS;
    this.#type = type;
    this.#ownType = ownType;
    this.#target = isDirected ? { type: p[6] ?? 0, bytes: p.slice(7, 13) } : null;
    this.#channels = channels;
    return HCI_STATUS.ok;
  }

  setPayload(p: Uint8Array): number {
    const data = dataOf(p);
    if (data) this.#payload = data;
    return data ? HCI_STATUS.ok : HCI_STATUS.invalid;
  }

  setScanResponse(p: Uint8Array): number {
    const data = dataOf(p);
    if (data) this.#scanResponse = data;
    return data ? HCI_STATUS.ok : HCI_STATUS.invalid;
  }

  enable(on: boolean): number {
    if (!on) {
      this.stop();
      return HCI_STATUS.ok;
    }
    if (!this.#radio.ownAddress(this.#ownType)) return HCI_STATUS.invalid;
    if (!this.on) this.#cancel = this.#air.clock.after(this.#air.rng.next() * 2, () => this.#send());
    return HCI_STATUS.ok;
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  #send(): void {
    const address = this.#radio.ownAddress(this.#ownType);
    if (!this.on || !address) return;
    this.#air.advertise(this.#radio, {
      type: this.#type,
      address: { type: address.type, bytes: address.bytes.slice() },
      payload: this.#payload,
      scanResponse: this.#scanResponse,
      target: this.#target,
      channels: this.#channels,
    });
    const delayMs = this.#air.rng.next() * MAX_DELAY_MS;
    this.#cancel = this.#air.clock.after(this.#intervalMs + delayMs, () => this.#send());
  }
}

/** Data of a command: a length, then 31 bytes of which so many count. */
function dataOf(p: Uint8Array): Uint8Array<ArrayBuffer> | null {
  const length = p[0] ?? MAX_DATA + 1;
  return length > MAX_DATA || length > p.length - 1 ? null : p.slice(1, 1 + length);
}
