import { ADVERTISING, type AdvertisingEvent, type Air, type RadioAddress } from "./air.ts";
import { HCI_STATUS, read16 } from "./hci.ts";

const UNIT_MS = 0.625;
const MIN_WINDOW = 0x0004;
const MAX_INTERVAL = 0x4000;
const CHANNELS = 3;
const SCAN_RESPONSE = 4;
/** How many senders a controller remembers for its duplicate filter; then it forgets the oldest. */
const FILTER_SIZE = 256;

/** When a radio listens: `windowMs` of each `intervalMs`, on the next channel each time. */
interface Rhythm {
  readonly startMs: number;
  readonly intervalMs: number;
  readonly windowMs: number;
}

/** Whom a controller wants to connect to, and how. */
export interface ConnectionWish {
  /** Null: anybody on the accept list. */
  readonly peer: RadioAddress | null;
  readonly ownType: number;
  readonly intervalMs: number;
  readonly latency: number;
  readonly timeoutMs: number;
}

/** An advertising report: event type, sender, data. */
export interface Report {
  readonly type: number;
  readonly address: RadioAddress;
  readonly payload: Uint8Array;
  readonly rssi: number;
}

/** The part of a controller that listens: for reports, and for somebody to connect to; as after a reset when made. */
export class Listener {
  readonly #air: Air;
  readonly #report: (report: Report) => void;
  #active = false;
  #policy = 0;
  #scanTimes = { intervalMs: 10, windowMs: 10 };
  #scan: Rhythm | null = null;
  #initiate: Rhythm | null = null;
  #dropDuplicates = false;
  readonly #seen = new Set<string>();
  readonly acceptList = new Map<string, RadioAddress>();
  wish: ConnectionWish | null = null;

  constructor(air: Air, report: (report: Report) => void) {
    this.#air = air;
    this.#report = report;
  }

  get scanning(): boolean {
    return this.#scan !== null;
  }

  setScanParameters(p: Uint8Array): number {
    if (this.scanning) return HCI_STATUS.disallowed;
    const [interval, window] = [read16(p, 1), read16(p, 3)];
    if (p.length < 7 || (p[0] ?? 2) > 1 || !timesHold(interval, window)) return HCI_STATUS.invalid;
    this.#active = p[0] === 1;
    this.#policy = p[6] ?? 0;
    this.#scanTimes = { intervalMs: interval * UNIT_MS, windowMs: window * UNIT_MS };
    return HCI_STATUS.ok;
  }

  setScanEnable(p: Uint8Array): number {
    if (!p[0]) {
      this.#scan = null;
      return HCI_STATUS.ok;
    }
    this.#dropDuplicates = p[1] === 1;
    this.#seen.clear();
    this.#scan ??= { startMs: this.#air.clock.now(), ...this.#scanTimes };
    return HCI_STATUS.ok;
  }

  /** Begins to look for a peer. @param p parameters of LE Create Connection */
  connect(p: Uint8Array): number {
    if (this.wish) return HCI_STATUS.disallowed;
    const [interval, window] = [read16(p, 0), read16(p, 2)];
    if (p.length < 25 || !timesHold(interval, window)) return HCI_STATUS.invalid;
    this.wish = {
      peer: p[4] === 1 ? null : { type: p[5] ?? 0, bytes: p.slice(6, 12) },
      ownType: p[12] ?? 0,
      intervalMs: read16(p, 13) * 1.25,
      latency: read16(p, 17),
      timeoutMs: read16(p, 19) * 10,
    };
    this.#initiate = { startMs: this.#air.clock.now(), intervalMs: interval * UNIT_MS, windowMs: window * UNIT_MS };
    return HCI_STATUS.ok;
  }

  /** @returns whether it was looking for a peer */
  endWish(): boolean {
    const had = this.wish !== null;
    this.wish = null;
    this.#initiate = null;
    return had;
  }

  listeningOn(fromMs: number, toMs: number): number | null {
    const scanning = this.#scan && channelOf(this.#scan, fromMs, toMs);
    return scanning ?? (this.#initiate && channelOf(this.#initiate, fromMs, toMs));
  }

  /** @returns true when the sender is whom the controller waits for */
  hear(event: AdvertisingEvent, rssi: number): boolean {
    const isConnectable = event.type === ADVERTISING.connectable || event.target !== null;
    if (this.wish && isConnectable && this.#wants(event.address)) return true;
    if (!this.scanning || (this.#policy === 1 && !this.acceptList.has(keyOf(event.address)))) return false;
    const { address, payload, scanResponse } = event;
    const type = event.type === ADVERTISING.directedSlow ? ADVERTISING.directedFast : event.type;
    this.#tell({ type, address, payload, rssi });
    const answers = event.type === ADVERTISING.connectable || event.type === ADVERTISING.scannable;
    if (this.#active && answers) this.#tell({ type: SCAN_RESPONSE, address, payload: scanResponse, rssi });
    return false;
  }

  #tell(report: Report): void {
    if (this.#dropDuplicates) {
      const key = `${keyOf(report.address)}/${report.type}`;
      if (this.#seen.has(key)) return;
      const [oldest] = this.#seen;
      if (this.#seen.size >= FILTER_SIZE && oldest !== undefined) this.#seen.delete(oldest);
      this.#seen.add(key);
    }
    this.#report(report);
  }

  #wants(address: RadioAddress): boolean {
    const peer = this.wish?.peer;
    return peer ? keyOf(peer) === keyOf(address) : this.acceptList.has(keyOf(address));
  }
}

/** Text that two equal addresses share. */
export function keyOf({ type, bytes }: RadioAddress): string {
  return `${type}/${bytes.join(".")}`;
}

function timesHold(interval: number, window: number): boolean {
  return window >= MIN_WINDOW && window <= interval && interval <= MAX_INTERVAL;
}

/** The channel on which a rhythm listens over a whole span; null when it changes or rests within. */
function channelOf({ startMs, intervalMs, windowMs }: Rhythm, fromMs: number, toMs: number): number | null {
  if (fromMs < startMs) return null;
  const turn = Math.floor((fromMs - startMs) / intervalMs);
  const windowEndsMs = startMs + turn * intervalMs + windowMs;
  return toMs <= windowEndsMs ? turn % CHANNELS : null;
}
