import type { SimClock } from "../clock.ts";
import type { Rng } from "../rng.ts";
import type { Antenna, Propagation } from "./propagation.ts";

/** Types of legacy advertising, as hosts number them. Source: Bluetooth Core 5.4, Vol 4, Part E, 7.8.5. */
export const ADVERTISING = { connectable: 0, directedFast: 1, scannable: 2, silent: 3, directedSlow: 4 } as const;

export interface RadioAddress {
  /** 6 bytes as on the wire. */
  readonly bytes: Uint8Array;
  /** 0 public, 1 random. */
  readonly type: number;
}

/** One advertising event: the same packet on each of up to three channels. */
export interface AdvertisingEvent {
  readonly type: number;
  readonly address: RadioAddress;
  readonly payload: Uint8Array;
  readonly scanResponse: Uint8Array;
  /** Whom it is meant for, when directed. */
  readonly target: RadioAddress | null;
  /** Bit 0 is channel 37, bit 2 channel 39. */
  readonly channels: number;
}

/** What hangs on an antenna in the air. */
export interface Radio extends Antenna {
  /** The advertising channel that it listens on for the whole span, 0 to 2; null when it listens to none. */
  listeningOn(fromMs: number, toMs: number): number | null;
  /** It heard an event, with `rssi` in whole dBm. */
  hear(from: Radio, event: AdvertisingEvent, rssi: number): void;
}

interface Transmission {
  readonly from: Radio;
  readonly startMs: number;
  readonly packetMs: number;
  readonly channels: number;
}

/** Time from the beginning of one channel's packet to the next one's, beyond the packet itself; chips take 0.4 to 1.5 ms. */
const CHANNEL_GAP_MS = 0.15;
const CHANNELS = [0, 1, 2] as const;
/** Preamble, access address, header, sender's address and checksum; a byte takes 8 microseconds at 1 Mbit/s. */
const PACKET_OVERHEAD_BYTES = 16;
const BYTE_MS = 0.008;
/** A packet survives another one that is weaker by this much, dB. */
const CAPTURE_DB = 8;
const RSSI_MIN = -127;
const RSSI_MAX = 20;

export interface AirOptions {
  readonly clock: SimClock;
  readonly rng: Rng;
  readonly propagation: Propagation;
  /** Part of all packets that get lost for no reason, 0 to 1; default 0. */
  readonly loss?: number;
}

/** The air of one place: what one radio sends, others hear, or not. Equal seeds and equal steps of time give equal worlds. */
export class Air {
  readonly clock: SimClock;
  readonly rng: Rng;
  readonly #propagation: Propagation;
  readonly #loss: number;
  readonly #radios = new Set<Radio>();
  #recent: Transmission[] = [];
  /** Packets that a listening radio missed because another one was in the air. */
  collisions = 0;

  constructor({ clock, rng, propagation, loss = 0 }: AirOptions) {
    this.clock = clock;
    this.rng = rng;
    this.#propagation = propagation;
    this.#loss = loss;
  }

  join(radio: Radio): void {
    this.#radios.add(radio);
  }

  leave(radio: Radio): void {
    this.#radios.delete(radio);
  }

  /** Power at which `to` hears `from` now, whole dBm; null when it does not, by distance or by chance. */
  path(from: Radio, to: Radio): number | null {
    if (!this.#radios.has(from) || !this.#radios.has(to)) return null;
    const power = this.#propagation(from, to);
    if (power === null || (this.#loss > 0 && this.rng.chance(this.#loss))) return null;
    return Math.min(RSSI_MAX, Math.max(RSSI_MIN, Math.round(power)));
  }

  /** Sends one advertising event; it is heard when its last packet is over, because until then something else may spoil it. */
  advertise(from: Radio, event: AdvertisingEvent): void {
    const packetMs = (PACKET_OVERHEAD_BYTES + event.payload.length) * BYTE_MS;
    const sent = { from, startMs: this.clock.now(), packetMs, channels: event.channels };
    this.#recent.push(sent);
    const lengthMs = CHANNELS.length * (packetMs + CHANNEL_GAP_MS);
    this.clock.after(lengthMs, () => this.#arrive(sent, event));
  }

  #arrive(sent: Transmission, event: AdvertisingEvent): void {
    for (const radio of this.#radios) {
      if (radio === sent.from) continue;
      const channel = heardOn(sent, radio);
      if (channel === null) continue;
      const rssi = this.path(sent.from, radio);
      if (rssi === null) continue;
      if (this.#isSpoiled(sent, channel, { radio, rssi })) this.collisions += 1;
      else radio.hear(sent.from, event, rssi);
    }
    const oldest = sent.startMs;
    if (this.#recent.length > 64) this.#recent = this.#recent.filter((other) => other.startMs > oldest - 5);
  }

  #isSpoiled(sent: Transmission, channel: number, at: { readonly radio: Radio; readonly rssi: number }): boolean {
    const [from, to] = spanOn(sent, channel);
    return this.#recent.some((other) => {
      if (other === sent || (other.channels & (1 << channel)) === 0) return false;
      const [otherFrom, otherTo] = spanOn(other, channel);
      if (otherFrom >= to || otherTo <= from) return false;
      if (other.from === at.radio) return true;
      const disturbance = this.#propagation(other.from, at.radio);
      return disturbance !== null && disturbance > at.rssi - CAPTURE_DB;
    });
  }
}

/** When a channel's packet begins and ends. */
function spanOn({ startMs, packetMs }: Transmission, channel: number): readonly [number, number] {
  const from = startMs + channel * (packetMs + CHANNEL_GAP_MS);
  return [from, from + packetMs];
}

function heardOn(sent: Transmission, radio: Radio): number | null {
  for (const channel of CHANNELS) {
    if ((sent.channels & (1 << channel)) === 0) continue;
    const [from, to] = spanOn(sent, channel);
    if (radio.listeningOn(from, to) === channel) return channel;
  }
  return null;
}
