import { join } from "node:path";
import type { DeviceBundle } from "../../gateway/app.ts";
import {
  type CheckinLog,
  createKiosk,
  DEFAULT_GATES,
  DEFAULT_POLICY,
  type Kiosk,
  type KioskRadio,
  openLedger,
  type ScanAnswer,
  type UplinkTransport,
} from "../../kiosk/app.ts";
import { toHex } from "../../protocol/bytes.ts";
import { importSigningKey } from "../../protocol/cose.ts";
import { parseBootId } from "../../protocol/ids.ts";
import { createDoorParser } from "../../runtime/door-parser.ts";
import type { RootLogger } from "../../runtime/log.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import { pemToChain, rawKeyPair } from "../../runtime/pki/chain.ts";
import { MemoryIndicator } from "../devices/memory-indicator.ts";
import { MemoryBeaconRx, MemoryBeaconTx } from "../devices/memory-radio.ts";
import { MemoryScanner } from "../devices/memory-scanner.ts";
import { VirtualDeviceClock } from "../devices/virtual-device-clock.ts";
import type { MemoryNetwork } from "../network/memory-network.ts";
import type { Rng } from "../rng.ts";
import type { VirtualTime } from "../time/virtual-time.ts";
import type { DoorSpec } from "./door-spec.ts";

export interface VirtualKioskSpec {
  readonly folder: string;
  readonly bundle: DeviceBundle;
  readonly door: DoorSpec;
  readonly time: VirtualTime;
  readonly network: MemoryNetwork;
  readonly rng: Rng;
  readonly log: RootLogger;
}

const ROOMY_BYTES = 1e9;

interface Line {
  isUp: boolean;
}

/** The radio of a virtual kiosk, from the side of the air. */
export interface VirtualRadio {
  readonly beacon: MemoryBeaconTx;
  readonly ear: MemoryBeaconRx;
}

/** The real kiosk application over virtual hardware. */
export class VirtualKiosk {
  readonly device: string;
  readonly clock: VirtualDeviceClock;
  /** Null when the door has none. */
  readonly radio: VirtualRadio | null;
  /** Milliseconds of real time from presenting a code to its answer, one a scan. */
  readonly answerTimesMs: number[] = [];
  readonly answers: (ScanAnswer | null)[] = [];
  readonly #scanner: MemoryScanner;
  readonly #log: CheckinLog;
  readonly #kiosk: Kiosk;
  readonly #card: { freeBytes: number };
  readonly #line: Readonly<Line>;
  #hasPower = true;
  #isClosed = false;
  #answered: (answer: ScanAnswer | null) => void = () => {};

  private constructor(parts: {
    device: string;
    clock: VirtualDeviceClock;
    radio: VirtualRadio | null;
    scanner: MemoryScanner;
    log: CheckinLog;
    kiosk: Kiosk;
    card: { freeBytes: number };
    line: Line;
    hook: { run: (answer: ScanAnswer | null) => void };
  }) {
    this.device = parts.device;
    this.clock = parts.clock;
    this.radio = parts.radio;
    this.#scanner = parts.scanner;
    this.#log = parts.log;
    this.#kiosk = parts.kiosk;
    this.#card = parts.card;
    this.#line = parts.line;
    parts.hook.run = (answer) => {
      if (this.#hasPower) this.#answered(answer);
    };
  }

  static async open(spec: VirtualKioskSpec): Promise<VirtualKiosk> {
    const { bundle, door, time, network, rng } = spec;
    const { site, device, venue, gate } = bundle.settings;
    const bootId = parseBootId(toHex(rng.bytes(4)));
    const clock = new VirtualDeviceClock(time, { ...door.clock, bootId, driftPpm: door.driftPpm ?? 0 });
    const scanner = new MemoryScanner(() => clock.now().boottimeMs);
    const radio = door.radio
      ? { beacon: new MemoryBeaconTx(), ear: new MemoryBeaconRx(() => clock.now().boottimeMs) }
      : null;
    const log = await openLedger({
      folder: join(spec.folder, "ledger"),
      crypto: nodeCrypto,
      site,
      device,
      home: { socSerial: device, cardCid: device },
      log: spec.log.child("ledger"),
    });
    const hook = { run: (_: ScanAnswer | null): void => {} };
    const card = { freeBytes: ROOMY_BYTES };
    const line = { isUp: false };
    const kiosk = await createKiosk({
      site,
      place: { venue, gate },
      policy: { ...DEFAULT_POLICY, ...(door.maximumStayMs !== undefined && { maximumStayMs: door.maximumStayMs }) },
      trust: bundle.trust,
      signer: {
        key: await importSigningKey(rawKeyPair(bundle.privateKeyPem)),
        chain: pemToChain(bundle.certificatePem),
      },
      log,
      scanner,
      indicator: new MemoryIndicator(),
      clock,
      transport: watched(network.transport(device, bootId), line),
      parser: await createDoorParser(bundle.trust),
      screen: { click: () => {}, show: () => {}, update: () => {} },
      timers: time,
      crypto: nodeCrypto,
      logger: spec.log,
      reserveFile: null,
      ...(radio && { radio: kioskRadio(radio, door) }),
      health: {
        version: "sim",
        diskFreeBytes: () => Promise.resolve(card.freeBytes),
        scannerPresent: () => scanner.status().present,
      },
      answered: (answer) => hook.run(answer),
    });
    return new VirtualKiosk({ device, clock, radio, scanner, log, kiosk, card, line, hook });
  }

  get status(): Kiosk["status"] {
    return this.#kiosk.status;
  }

  /** Check-in rows that the engine has not confirmed yet. */
  get unsent(): number {
    return this.#log.lastSeq - this.#log.watermark.upto;
  }

  /**
   * Whether nothing is under way, on the network or on the card: closed, offline, or every row confirmed.
   *
   * @param byGateway the gateway's word is enough, because the engine cannot give its own
   */
  isAtRest(byGateway = false): boolean {
    if (this.#isClosed) return true;
    if (this.#line.isUp && !this.#isSent(byGateway)) return false;
    return !this.isBusy;
  }

  /** Whether something that a timer, a message or the radio began is not done yet. */
  get isBusy(): boolean {
    return this.#kiosk.isBusy;
  }

  /** How far both streams have come. */
  get place(): string {
    return `${this.#log.lastSeq} ${this.#log.presence.lastSeq} ${this.#kiosk.forks}`;
  }

  #isSent(byGateway: boolean): boolean {
    const { presence } = this.#log;
    if (this.#log.watermark.upto >= this.#log.lastSeq && presence.watermark.upto >= presence.lastSeq) return true;
    if (!byGateway) return false;
    const { acknowledgedUpto, presence: sent } = this.#kiosk.status;
    return acknowledgedUpto >= this.#log.lastSeq && sent.acknowledgedUpto >= presence.lastSeq;
  }

  /** Pulls the scanner's cable, or puts it back. */
  plugScanner(isPlugged: boolean): void {
    if (isPlugged) this.#scanner.plug();
    else this.#scanner.unplug();
  }

  /**
   * Shows a code and waits for the answer; null also when the power goes before it.
   *
   * @param isSeen false: the screen goes dark before anybody could read the answer, which then counts for nobody
   */
  async scan(payload: Uint8Array, isSeen = true): Promise<ScanAnswer | null> {
    const started = performance.now();
    const answer = await new Promise<ScanAnswer | null>((resolve) => {
      this.#answered = resolve;
      this.#scanner.present(payload);
    });
    if (!this.#hasPower || !isSeen) return null;
    this.answerTimesMs.push(performance.now() - started);
    this.answers.push(answer);
    return answer;
  }

  /** The screen goes dark: what the application still does, nobody sees. */
  losePower(): void {
    this.#hasPower = false;
    this.#answered(null);
  }

  /** Fills the card up, or makes room on it again. */
  async fillCard(isFull: boolean): Promise<void> {
    this.#card.freeBytes = isFull ? 0 : ROOMY_BYTES;
    await this.#log.allowGrowth(!isFull);
  }

  /** The keys by which this door knows its visitors and names its place today. */
  get dayKeys(): CheckinLog["dayKeys"] {
    return this.#log.dayKeys;
  }

  async close(): Promise<void> {
    await this.#kiosk.close();
    this.#isClosed = true;
  }
}

function kioskRadio({ beacon, ear }: VirtualRadio, { radio }: DoorSpec): KioskRadio {
  const settings = { plan: { kind: "always" }, gates: DEFAULT_GATES, observe: [], txPower: null, ...radio } as const;
  return { beacon, observer: ear, settings };
}

/** The same transport; `line` follows whether it is connected. */
function watched(transport: UplinkTransport, line: Line): UplinkTransport {
  return {
    open: (events) => {
      const up = (): void => {
        line.isUp = true;
        events.up();
      };
      const down = (): void => {
        line.isUp = false;
        events.down();
      };
      return transport.open({ up, down, message: (leaf, payload) => events.message(leaf, payload) });
    },
    publish: (leaf, payload, options) => transport.publish(leaf, payload, options),
    close: () => transport.close(),
  };
}
