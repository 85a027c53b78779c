import type { RawScan } from "../firmware/ports/qr-scanner.ts";
import { fromHex } from "../protocol/bytes.ts";
import type { PartyRequest } from "../protocol/http/kiosk-screen.ts";
import type { SelfTestRequest } from "../protocol/http/self-test.ts";
import type { BoottimeMs } from "../protocol/units.ts";
import { faultFields } from "../runtime/log.ts";
import { every } from "../runtime/timers.ts";
import { UnderWay } from "../runtime/under-way.ts";
import { replayVisitors } from "./admission/replay-visitors.ts";
import { Visitors } from "./admission/visitors.ts";
import { tombstoneDraft } from "./clock/anchor.ts";
import { ClockDesk } from "./clock/clock-desk.ts";
import { DayDesk } from "./day/day-desk.ts";
import type { Kiosk, KioskDeps } from "./deps.ts";
import { healthMessage, stateMessage } from "./health/health.ts";
import type { StreamLog } from "./ledger/checkin-log.ts";
import { RoomKeeper } from "./ledger/room-keeper.ts";
import { PeerDesk } from "./peers/peer-desk.ts";
import { RadioDesk } from "./radio/radio-desk.ts";
import { DoorSettings, identifier } from "./remote/door-settings.ts";
import { forgetfulRemote, RemoteControl } from "./remote/remote-control.ts";
import { Counters } from "./scan/counters.ts";
import { type ScanAnswer, ScanService } from "./scan/scan-service.ts";
import { SealingPool } from "./scan/sealing-pool.ts";
import { DoorFront } from "./screen/door-front.ts";
import { SelfTest, selfTestSource } from "./self-test/self-test.ts";
import { StaffDesk } from "./staff/staff-desk.ts";
import { keptSince, prunableUpto } from "./uplink/prunable.ts";
import { importReceiptKeys, type ReceiptKeys, streamOfReceipt } from "./uplink/receipts.ts";
import { Uplink } from "./uplink/uplink.ts";
import { RotatingCode } from "./venue-code/rotating-code.ts";
import { VenueKeyReport } from "./venue-code/venue-key-report.ts";

export type { AdmissionPolicy } from "./admission/policy.ts";
export { DEFAULT_POLICY } from "./admission/policy.ts";
export type { Kiosk, KioskDeps } from "./deps.ts";
export type { CheckinLog } from "./ledger/checkin-log.ts";
export { openLedger } from "./ledger/open-ledger.ts";
export { type DeviceBundle, readBundle } from "./provision/bundle.ts";
export type { KioskRadio, RadioStatus } from "./radio/radio-desk.ts";
export { type FinishedSession, SessionTable } from "./radio/sessions.ts";
export { DEFAULT_GATES, type RadioSettings, SHARED_PLAN } from "./radio/settings.ts";
export { memoryNote, type NoteStore } from "./remote/note-store.ts";
export type { RemoteDeps } from "./remote/remote-control.ts";
export type { ScanAnswer } from "./scan/scan-service.ts";
export type { KioskScreen } from "./screen/screen-port.ts";
export { type TransportEvents, UplinkDownError, type UplinkTransport } from "./uplink/transport.ts";

/** Scans being answered at once; more than this and the oldest must finish first. */
const MAX_OPEN_SCANS = 32;
const TIME_EVERY_MS = 600_000;
const TICK_MS = 30_000;

/** Wires one kiosk and starts it: it answers scans at once, whether or not there is a gateway. */
export async function createKiosk(deps: KioskDeps): Promise<Kiosk> {
  const app = new KioskApp(deps, await importReceiptKeys(deps.trust));
  await app.open();
  return app;
}

class KioskApp implements Kiosk {
  readonly #deps: KioskDeps;
  readonly #settings: DoorSettings;
  readonly #remote: RemoteControl;
  readonly #visitors = new Visitors();
  readonly #counters = new Counters();
  readonly #scans: ScanService;
  readonly #uplink: Uplink;
  readonly #presence: Uplink;
  readonly #radio: RadioDesk;
  readonly #room: RoomKeeper;
  readonly #sealing: SealingPool;
  readonly #time: ClockDesk;
  readonly #code: RotatingCode;
  readonly #venueKey: VenueKeyReport;
  readonly #selfTest: SelfTest;
  readonly #front: DoorFront;
  readonly #staff: StaffDesk;
  readonly #days: DayDesk;
  readonly #peers: PeerDesk;
  readonly #stop = new AbortController();
  readonly #open = new Set<Promise<void>>();
  /** What timers and messages began. */
  readonly #work = new UnderWay((fault) => this.#deps.logger.error("work.failed", faultFields(fault)));
  #loop: Promise<void> = Promise.resolve();
  #stopTicking: readonly (() => void)[] = [];

  constructor(deps: KioskDeps, keys: ReceiptKeys) {
    this.#deps = deps;
    this.#settings = new DoorSettings(deps.policy, deps);
    this.#remote = this.#createRemote();
    const { log, crypto, clock, transport, timers, logger, trust } = deps;
    const sealingKeys = { match: fromHex(trust.matchKey), vault: fromHex(trust.vaultKey) };
    const sealing = new SealingPool(crypto, sealingKeys);
    this.#sealing = sealing;
    const way = { transport, timers, signer: deps.signer, receiptKeys: keys, logger: logger.child("uplink") };
    const prunable = (stream: StreamLog): Promise<number> => prunableUpto(stream, keptSince(clock.now()));
    this.#uplink = new Uplink({ ...way, log, prunable, changed: () => this.#front.refresh() });
    this.#presence = new Uplink({ ...way, log: log.presence, changed: () => {} });
    this.#room = new RoomKeeper({
      log,
      reserveFile: deps.reserveFile,
      freeBytes: () => deps.health.diskFreeBytes(),
      custodyUpto: (stream) => (stream === "c" ? this.#uplink : this.#presence).status.custodyUpto,
      draft: () => tombstoneDraft(clock.now(), deps.place),
      logger: logger.child("ledger"),
    });
    this.#front = new DoorFront({
      ...deps,
      settings: this.#settings,
      inside: () => this.#visitors.inside,
      uplink: () => this.#uplink.status,
    });
    this.#days = new DayDesk(crypto, log);
    this.#peers = new PeerDesk({
      ...deps,
      visitors: this.#visitors,
      policy: this.#settings.policy,
      days: this.#days,
      engineKey: keys.engine,
      counters: this.#counters,
      changed: () => this.#front.refresh(),
      logger: logger.child("peers"),
    });
    this.#staff = new StaffDesk({
      ...deps,
      visitors: this.#visitors,
      emptied: () => this.#work.add(this.#peers.emptied()),
      openMenu: () => this.#selfTest.open(),
      toggleMute: () => this.#settings.toggleMute(),
    });
    this.#scans = new ScanService({
      append: (rows) => this.#room.append(rows),
      crypto,
      clock,
      log,
      sealing,
      policy: this.#settings.policy,
      place: deps.place,
      visitors: this.#visitors,
      staff: this.#staff,
      isCutOff: () => !this.#uplink.status.online,
      passed: (tags, past) => this.#work.add(this.#peers.passed(tags, past)),
      counters: this.#counters,
      logger: logger.child("scan"),
      parse: (bytes, context) => deps.parser.parse(bytes, context),
    });
    this.#code = new RotatingCode(crypto, log, trust.venueKey);
    this.#venueKey = new VenueKeyReport({
      crypto,
      log,
      sealing,
      place: deps.place,
      append: (rows) => this.#room.append(rows),
      logger: logger.child("venue-code"),
    });
    this.#radio = new RadioDesk({
      ...deps,
      radio: deps.radio,
      keys: sealingKeys,
      append: (rows) => this.#room.appendPresence(rows),
      written: () => this.#presence.wake(),
      counters: this.#counters,
    });
    this.#time = new ClockDesk({
      ...deps,
      gatewayKey: keys.gateway,
      append: (rows) => this.#room.append(rows),
      written: () => this.#uplink.wake(),
      told: () => this.#tick(),
      known: async () => void (await Promise.all([this.#uplink.timeKnown(), this.#presence.timeKnown()])),
      logger: logger.child("time"),
    });
    this.#selfTest = new SelfTest({
      ...deps,
      ...selfTestSource(deps.health),
      beacon: () => this.#radio.status.beacon,
      online: () => this.#uplink.status.online,
      askGateway: () => this.#time.compare(),
      logger: logger.child("selftest"),
    });
  }

  get isBusy(): boolean {
    return this.#work.isBusy || this.#radio.isWriting;
  }

  get forks(): number {
    return this.#uplink.forks + this.#presence.forks;
  }

  get status(): Kiosk["status"] {
    const counters = this.#counters;
    return {
      ...this.#uplink.status,
      inside: this.#visitors.inside,
      get counters() {
        return counters.all(); // sorted only for who reads it
      },
      presence: this.#presence.status,
      radio: this.#radio.status,
    };
  }

  async open(): Promise<void> {
    const { timers, transport, clock } = this.#deps;
    const { hasUndated } = await replayVisitors(this.#deps.log, this.#visitors, clock.now());
    if (hasUndated) this.#time.owe();
    await this.#remote.open();
    await this.#tick();
    this.#uplink.open();
    this.#presence.open();
    this.#stopTicking = [
      every(timers, TICK_MS, () => this.#work.add(this.#tick())),
      every(timers, TIME_EVERY_MS, () => this.#work.add(this.#time.ask())),
    ];
    await transport.open({
      up: () => this.#work.add(this.#connected()),
      down: () => this.#online(false),
      message: (leaf, payload) => this.#work.add(this.#received(leaf, payload)),
    });
    this.#loop = this.#scanLoop();
    this.#radio.open();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#selfTest.close();
    for (const stop of this.#stopTicking) stop();
    await this.#loop;
    await Promise.all(this.#open);
    await this.#radio.close();
    await this.#remote.close();
    await this.#deps.transport.close();
    await this.#uplink.close();
    await this.#presence.close();
    await this.#work.settled();
    await this.#deps.indicator.close();
    await this.#deps.log.close();
  }

  selfTest({ open }: SelfTestRequest): void {
    if (open) this.#selfTest.open();
    else this.#selfTest.close();
  }

  async setParty(request: PartyRequest): Promise<{ ok: boolean }> {
    if (request.result !== this.#front.lastResult) return { ok: false };
    const answer = await this.#scans.addParty(request.count);
    if (answer) this.#show(answer);
    return { ok: answer !== null };
  }

  async #scanLoop(): Promise<void> {
    const { scanner, screen } = this.#deps;
    for await (const scan of scanner.scans(this.#stop.signal, () => screen.click())) {
      if (this.#open.size >= MAX_OPEN_SCANS) await Promise.race(this.#open);
      const answering = this.#answer(scan).finally(() => this.#open.delete(answering));
      this.#open.add(answering);
    }
  }

  async #answer(scan: RawScan): Promise<void> {
    const { run } = this.#selfTest;
    const answer = await this.#scans.answer(scan);
    if (this.#selfTest.run === run) this.#selfTest.scanned((answer?.rows.length ?? 0) > 0); // else this code has just opened it
    if (answer) this.#show(answer);
    this.#deps.answered?.(answer);
  }

  #show(answer: ScanAnswer): void {
    this.#front.show(answer);
    if (answer.rows.length > 0) this.#uplink.wake();
  }

  #online(isUp: boolean): void {
    if (!isUp) this.#peers.disconnected();
    this.#uplink.connection(isUp);
    this.#presence.connection(isUp);
  }

  async #connected(): Promise<void> {
    this.#online(true);
    const now = this.#deps.clock.now();
    await this.#deps.transport.publish("state", stateMessage(now), { qos: 1, retain: true }).catch(() => undefined); // gone again
    this.#remote.connected();
    await this.#peers.connected();
    await this.#time.ask();
    await this.#peers.tick(now.boottimeMs);
  }

  #createRemote(): RemoteControl {
    const { remote, clock, transport, timers, logger, indicator, screen } = this.#deps;
    return new RemoteControl(remote ?? forgetfulRemote(this.#settings.named), {
      apply: (settings) => {
        this.#settings.apply(settings);
        this.#front.refresh();
      },
      identify: identifier({ indicator, screen }, timers),
      watch: () => this.#front.watch(),
      now: () => clock.now(),
      transport,
      timers,
      logger,
    });
  }

  async #received(leaf: string, payload: Uint8Array): Promise<void> {
    if (leaf === "receipt") await (streamOfReceipt(payload) === "p" ? this.#presence : this.#uplink).receipt(payload);
    else if (leaf === "time") await this.#time.answer(payload);
    else if (!(await this.#peers.received(leaf, payload)) && !(await this.#remote.received(leaf, payload)))
      this.#counters.add("message.ignored");
  }

  async #tick(): Promise<void> {
    const { clock, log, transport, health } = this.#deps;
    const now = clock.now();
    await this.#sealing.prepare(now.boottimeMs);
    await this.#time.tick(now);
    if (now.state !== "unsynced") await this.#days.turn(now.wallMs);
    await this.#peers.tick(now.boottimeMs);
    const hasDated = this.#visitors.date(now);
    this.#visitors.forgetBefore((now.boottimeMs - this.#settings.policy.maximumStayMs) as BoottimeMs);
    if (hasDated) await this.#peers.dated();
    await this.#room.tend();
    if (now.state !== "unsynced" && (await this.#venueKey.tell(now))) this.#uplink.wake();
    this.#radio.tick(now);
    this.#deps.screen.update({ venueQr: await this.#code.at(now.wallMs, now.state !== "unsynced") });
    this.#front.refresh();
    if (!this.#uplink.status.online) return;
    const message = await healthMessage(health, {
      now,
      log,
      counters: { ...this.#counters.all(), ...this.#radio.counts },
      confirmed: this.#uplink.status.confirmedUpto,
      beacon: this.#radio.status.beacon,
      closedByStaff: this.#staff.isClosed,
      otherDoors: this.#peers.status,
    });
    await transport.publish("health", message, { qos: 0 }).catch(() => undefined); // the next tick says it again
  }
}
