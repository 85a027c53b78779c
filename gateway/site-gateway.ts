import type { StreamKey } from "../protocol/checkin/batch.ts";
import type { SafeDetails } from "../protocol/errors.ts";
import type { DeviceId } from "../protocol/ids.ts";
import type { WallMs } from "../protocol/units.ts";
import { readCertificate } from "../runtime/certificate-reader.ts";
import { packageVersion } from "../runtime/package-paths.ts";
import type { Checkpointer } from "../runtime/sqlite/checkpointer.ts";
import type { Database } from "../runtime/sqlite/database.ts";
import type { BrokerEvents, DeviceSession, PublishedLeaf, Violation } from "./broker/device-broker.ts";
import { SessionDesk } from "./broker/session-desk.ts";
import { isFurtherWorker } from "./config.ts";
import { type CustodyDeps, CustodyNotifier } from "./delivery/custody-notifier.ts";
import { Delivery } from "./delivery/delivery.ts";
import { RevocationFetcher } from "./delivery/revocation-fetcher.ts";
import { RevocationSender } from "./delivery/revocation-sender.ts";
import { DeviceDoor } from "./device-door.ts";
import { FleetDesk, LOOK_EVERY_MS } from "./fleet/fleet-desk.ts";
import type { FleetStore } from "./fleet/fleet-store.ts";
import type { Gateway, GatewayDeps } from "./gateway.ts";
import { PeerRelay } from "./peers/peer-relay.ts";
import { SiteKeyCarrier } from "./peers/site-key-carrier.ts";
import { RevocationWatch } from "./registry/revocation-watch.ts";
import { createStick, type Stick } from "./spool/import-desk.ts";
import { spoolFilesIn } from "./spool/spool-file.ts";
import { SpoolInlet } from "./spool/spool-inlet.ts";
import { SpoolOutlet } from "./spool/spool-outlet.ts";
import { marksIn } from "./spool/stream-marks.ts";
import { StreamTable } from "./spool/stream-table.ts";
import { Counters, type RecentEvent } from "./status/counters.ts";
import { DeviceBook } from "./status/device-book.ts";
import type { GatewayStatus } from "./status/status.ts";
import { SignedClock } from "./time/signed-clock.ts";

/** The gateway of one site: a spool behind a broker, and everything that watches over the two. */
export class SiteGateway implements Gateway, BrokerEvents {
  readonly clock: SignedClock;
  readonly fleet: FleetDesk;
  readonly stick: Stick;
  readonly #deps: GatewayDeps;
  readonly #db: Database;
  readonly #reader: Database;
  readonly #checkpointer: Checkpointer;
  readonly #unlock: () => Promise<void>;
  /** Of several workers all but the first leave alone what is done once a site: revocation lists, and what kiosks are told to do. */
  readonly #isFurther: boolean;
  readonly #inlet: SpoolInlet;
  readonly #outlet: SpoolOutlet;
  readonly #delivery: Delivery;
  readonly #custody: CustodyNotifier;
  readonly #desk: SessionDesk;
  readonly #door: DeviceDoor;
  readonly #peers: PeerRelay;
  readonly #siteKeys: SiteKeyCarrier;
  readonly #book = new DeviceBook();
  readonly #counters: Counters;
  readonly #startedAt: WallMs;
  readonly #revocations: RevocationSender;
  readonly #orders: RevocationFetcher;
  readonly #watch: RevocationWatch;
  #cutNumber = -1;
  #closing: Promise<void> | null = null;

  constructor(
    deps: GatewayDeps,
    files: {
      readonly db: Database;
      readonly reader: Database;
      readonly checkpointer: Checkpointer;
      readonly fleet: FleetStore;
      /** Called when the spool is closed. */
      readonly unlock: () => Promise<void>;
    },
  ) {
    const { db, reader } = files;
    const { broker, crypto, now, timers, identity, log, config } = deps;
    this.#deps = deps;
    this.#db = db;
    this.#reader = reader;
    this.#checkpointer = files.checkpointer;
    this.#unlock = files.unlock;
    this.#isFurther = isFurtherWorker(config);
    this.#startedAt = now();
    this.#counters = new Counters(log.child("gateway"), now);
    this.fleet = new FleetDesk({
      store: files.fleet,
      registry: deps.registry,
      broker,
      counters: this.#counters,
      now,
      timers,
      ...(deps.lookEveryMs !== undefined && { lookEveryMs: deps.lookEveryMs }),
      log: log.child("fleet"),
    });
    const streams = new StreamTable(crypto);
    this.#outlet = new SpoolOutlet({ db, reader, streams, now });
    this.#inlet = new SpoolInlet({
      db,
      streams,
      crypto,
      site: identity.site,
      now,
      maxGroup: config.spool.maxGroup,
      onCommit: (heard) => {
        if (heard.size === 0) return;
        this.#custody.heard(heard);
        this.#delivery.wake();
      },
      onWritten: (bytes) => this.#checkpointer.wrote(bytes),
    });
    this.stick = createStick({ identity, registry: deps.registry, inlet: this.#inlet, outlet: this.#outlet });
    this.#delivery = this.#createDelivery();
    const alarm = (event: string, fields: SafeDetails): void => this.#counters.alarm(event, fields);
    const lists = {
      registry: deps.registry,
      engine: deps.engine,
      identity,
      now,
      timers,
      log: log.child("revocations"),
    };
    this.#revocations = new RevocationSender({
      ...{ ...lists, alarm },
      marksOf: async (device) => marksIn(await spoolFilesIn(config.dataDir), device),
    });
    this.#orders = new RevocationFetcher({ ...lists, alarm });
    const send = (key: StreamKey, receipt: Uint8Array): void => broker.send(key.device, "receipt", receipt);
    const held: CustodyDeps["held"] = (keys) => this.#inlet.heldOf(keys);
    this.#custody = new CustodyNotifier({ signingKey: identity.signingKey, timers, now, held, send });
    this.clock = new SignedClock({
      signingKey: identity.signingKey,
      now,
      uncertaintyMs: deps.uncertaintyMs ?? ((): number => config.time.syncedUncertaintyMs),
    });
    this.#desk = new SessionDesk({
      broker,
      probeMs: config.mqtt.probeMs,
      cloneSuspected: (device) => this.#counters.alarm("session.clone_suspected", { device }),
    });
    this.#watch = new RevocationWatch({
      registry: deps.registry,
      broker,
      sessions: () => this.#desk.sessions,
      taken: () => this.#inlet.idle(),
      counters: this.#counters,
      timers,
      lookEveryMs: deps.lookEveryMs ?? LOOK_EVERY_MS,
      cut: (listNumber) => this.#cut(listNumber),
    });
    this.#peers = new PeerRelay({ broker });
    this.#siteKeys = new SiteKeyCarrier({ broker, engine: deps.engine, now, log: log.child("site-keys") });
    this.#door = new DeviceDoor({
      broker,
      inlet: this.#inlet,
      outlet: this.#outlet,
      custody: this.#custody,
      clock: this.clock,
      book: this.#book,
      counters: this.#counters,
      fleet: this.#isFurther ? { published: () => Promise.resolve(true) } : this.fleet,
      peers: this.#peers,
      siteKeys: this.#siteKeys,
      now,
    });
  }

  async open(): Promise<void> {
    if (this.#isFurther) await this.#watch.look(); // before it takes anything
    await this.#deps.broker.open(this);
    this.#watch.open();
    this.#delivery.wake();
    if (this.#isFurther) return;
    this.fleet.open();
    this.#orders.open();
  }

  async admit(session: DeviceSession): ReturnType<BrokerEvents["admit"]> {
    const verdict = await this.#judge(session);
    if (verdict.kind === "refused") this.#counters.count(`refused.${verdict.reason}`, { device: session.device });
    return verdict;
  }

  connected(session: DeviceSession): void {
    this.#book.connection(session.device, true, this.#deps.now());
  }

  closed(session: DeviceSession): void {
    this.#desk.closed(session);
    if (this.#desk.current(session.device)) return;
    this.#book.connection(session.device, false, this.#deps.now());
    this.#peers.gone(session.device);
  }

  subscribed(session: DeviceSession, leaf: string): void {
    if (leaf === "receipt") this.#door.resendReceipts(session.device);
    if (!this.#isFurther) this.fleet.subscribed(session.device, leaf);
  }

  published(session: DeviceSession, leaf: PublishedLeaf, payload: Uint8Array): Promise<void> {
    return this.#door.published(session, leaf, payload);
  }

  violated(kind: Violation, device: DeviceId | null): void {
    const weight = kind === "batch_of_unknown" ? "alarm" : "count";
    this.#counters[weight](`violation.${kind}`, device === null ? {} : { device });
  }

  get recentEvents(): readonly RecentEvent[] {
    return this.#counters.recent;
  }

  async status(): Promise<GatewayStatus> {
    const { now, identity } = this.#deps;
    const spool = await this.#outlet.stats();
    const oldest = spool.oldestUndeliveredAt;
    return {
      site: identity.site,
      version: packageVersion(),
      uptimeMs: now() - this.#startedAt,
      spool: { ...spool, oldestUndeliveredMs: oldest === null ? 0 : Math.max(0, now() - oldest) },
      engine: this.#delivery.status,
      ...(this.#deps.broker.external && { broker: this.#deps.broker.external }),
      devices: this.#book.devices,
      siteCertificateEndsMs: readCertificate(identity.authority.certificatePem).notAfterMs,
      counters: this.#counters.values,
    };
  }

  probe(): Promise<void> {
    return this.#db.probe();
  }

  async idle(): Promise<void> {
    await this.#watch.settled();
    await this.#inlet.idle();
    await this.#delivery.idle();
    await this.#revocations.idle();
    await this.#siteKeys.idle();
  }

  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  async #shutDown(): Promise<void> {
    const { config } = this.#deps;
    await this.#watch.close();
    await this.#deps.broker.close();
    await this.#inlet.idle();
    await this.#orders.close();
    await this.#revocations.close();
    await this.#siteKeys.close();
    await this.#delivery.close();
    await this.#custody.close();
    await this.fleet.close();
    await this.fleet.store.close();
    await this.#reader.close();
    await this.#checkpointer.close();
    await this.#db.close();
    if (this.#isFurther) await this.#deps.registry.hasLeft(config.broker.worker);
    await this.#unlock();
  }

  #createDelivery(): Delivery {
    const { engine, identity, config, random, now, timers, log, broker } = this.#deps;
    return new Delivery({
      outlet: this.#outlet,
      engine,
      receiptKey: identity.receiptKey,
      backoff: { firstMs: config.engine.backoffFirstMs, maxMs: config.engine.backoffMaxMs },
      random,
      now,
      timers,
      log: log.child("delivery"),
      alarm: (event, fields) => this.#counters.alarm(event, fields),
      relay: (device, receipt) => broker.send(device, "receipt", receipt),
    });
  }

  async #judge(session: DeviceSession): ReturnType<BrokerEvents["admit"]> {
    try {
      const known = await this.#deps.registry.find(session.device);
      if (!known) return { kind: "refused", reason: "unknown_device" };
      if (known.revokedAt !== null) return { kind: "refused", reason: "revoked" };
      return await this.#desk.admit(session);
    } catch (fault) {
      this.#counters.fault("registry.failed", fault);
      return { kind: "refused", reason: "unavailable" };
    }
  }

  async #cut(listNumber: number): Promise<void> {
    if (this.#isFurther) await this.#tellCut(listNumber);
    else this.#revocations.wake();
  }

  /** The first worker sends the list when all have cut off whom it names. */
  async #tellCut(number: number): Promise<void> {
    if (number === this.#cutNumber) return;
    await this.#deps.registry.hasCut(this.#deps.config.broker.worker, number);
    this.#cutNumber = number;
  }
}
