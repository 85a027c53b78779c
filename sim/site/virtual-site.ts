import { cp, mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Engine } from "../../engine/app.ts";
import {
  addDevice,
  createGateway,
  createGatewayIdentity,
  EngineAnswerError,
  EngineUnreachableError,
  type Gateway,
  loadGatewayConfig,
  type SiteBundle,
  SiteRegistry,
} from "../../gateway/app.ts";
import type { ScanAnswer } from "../../kiosk/app.ts";
import type { WallMs } from "../../protocol/units.ts";
import { type RootLogger, silentLogger } from "../../runtime/log.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import { MemoryNetwork } from "../network/memory-network.ts";
import type { Rng } from "../rng.ts";
import type { VirtualTime } from "../time/virtual-time.ts";
import type { DoorSpec } from "./door-spec.ts";
import { VirtualKiosk, type VirtualKioskSpec } from "./virtual-kiosk.ts";

/** Turns of the event loop without traffic after which a site is at rest. */
const CALM_TURNS = 2;
/** A site that has not come to rest after so much real time never will, milliseconds. */
const NEVER_MS = 60_000;

/** In a virtual world nobody enters anything beside the gateway: a look each second is most of what a quiet night costs, milliseconds. */
const LOOK_EVERY_MS = 60_000;

/** A copy gets receipts that are not its own until it writes something else: its wait for them ends after so much real time, milliseconds. */
const COPY_PATIENCE_MS = 1_000;

/** The way from the gateway to the engine. */
interface Way {
  isUp: boolean;
  /** Whether the gateway was refused, and waits before it tries again. */
  isAwaited: boolean;
}

/** What a site is made of. */
export interface SiteSpec {
  /** Folder of every database; kept by the caller. */
  readonly folder: string;
  readonly doors: readonly DoorSpec[];
  readonly engine: Engine;
  readonly bundle: SiteBundle;
  readonly time: VirtualTime;
  readonly rng: Rng;
  /** Where gateway and kiosks log to; nowhere by default. */
  readonly log?: RootLogger;
  /** Told of every message on the network, both ways. */
  readonly tap?: (topic: string, payload: Uint8Array) => void;
}

function keyOf(answer: Awaited<ReturnType<Engine["siteKey"]>>): Uint8Array {
  if (answer.kind === "answered") return answer.bytes;
  throw new EngineAnswerError("the engine refused the question", { reason: answer.reason });
}

/** The real gateway and the real kiosks of one site, in this process, over virtual hardware, network and time. */
export class VirtualSite {
  readonly network: MemoryNetwork;
  readonly #kiosks: VirtualKiosk[];
  readonly #way: Way;
  /** Kiosks that run on copies of cards. */
  readonly #copies: VirtualKiosk[] = [];
  /** Copies that wait no longer, and how far they had come then. */
  readonly #stale = new Map<VirtualKiosk, string>();
  readonly #answers = new Map<string, (ScanAnswer | null)[]>();
  readonly #dark = new Set<number>();
  #boots = 0;
  readonly #gateway: Gateway;
  readonly #registry: SiteRegistry;
  readonly #now: () => WallMs;
  readonly #specs: readonly VirtualKioskSpec[];

  private constructor(parts: {
    gateway: Gateway;
    registry: SiteRegistry;
    now: () => WallMs;
    network: MemoryNetwork;
    kiosks: VirtualKiosk[];
    specs: readonly VirtualKioskSpec[];
    way: Way;
  }) {
    this.#gateway = parts.gateway;
    this.#registry = parts.registry;
    this.#now = parts.now;
    this.network = parts.network;
    this.#kiosks = parts.kiosks;
    this.#way = parts.way;
    this.#specs = parts.specs;
  }

  /** Builds a site and switches it on. */
  static async open(spec: SiteSpec): Promise<VirtualSite> {
    const { folder, time, rng } = spec;
    const network = new MemoryNetwork(spec.tap);
    const log = spec.log ?? silentLogger;
    const dataDir = join(folder, "gateway");
    await mkdir(dataDir, { recursive: true });
    const identity = await createGatewayIdentity(spec.bundle, time.wall());
    const registry = await SiteRegistry.open(join(dataDir, "registry.db"));
    const way: Way = { isUp: true, isAwaited: false };
    const gateway = await createGateway({
      config: loadGatewayConfig({ env: {}, flags: [`dataDir=${dataDir}`] }),
      identity,
      registry,
      broker: network.broker,
      engine: {
        postBatches: async (batches) => {
          way.isAwaited = !way.isUp;
          if (!way.isUp) throw new EngineUnreachableError("the way to the engine is cut");
          return (await spec.engine.ingest(batches)).results;
        },
        askSiteKey: async (question) => {
          if (!way.isUp) throw new EngineUnreachableError("the way to the engine is cut");
          return keyOf(await spec.engine.siteKey(question));
        },
        postRevocations: async (list) => {
          const verdict = await spec.engine.takeRevocations(list);
          return verdict.kind === "behind" ? verdict.held : null;
        },
      },
      crypto: nodeCrypto,
      now: () => time.wall(),
      timers: time,
      lookEveryMs: LOOK_EVERY_MS,
      random: () => rng.next(),
      log,
    });
    const kiosks: VirtualKiosk[] = [];
    const specs: VirtualKioskSpec[] = [];
    for (const [gate, door] of spec.doors.entries()) {
      const plan = {
        device: door.device,
        venue: door.venue,
        venueName: door.venueName,
        gate,
        gatewayHost: "localhost",
        gatewayPort: 8883,
      };
      const bundle = await addDevice(
        { identity, registry, nowMs: time.wall() },
        plan as Parameters<typeof addDevice>[1],
      );
      if (door.withoutTime) network.withholdTime(bundle.settings.device);
      specs.push({ folder: join(folder, door.device), bundle, door, time, network, log, rng: rng.fork(door.device) });
    }
    for (const one of specs) kiosks.push(await VirtualKiosk.open(one));
    return new VirtualSite({ gateway, registry, now: () => time.wall(), network, kiosks, specs, way });
  }

  get kiosks(): readonly VirtualKiosk[] {
    return this.#kiosks;
  }

  /** Whether a door has no power. */
  isDark(door: number): boolean {
    return this.#dark.has(door);
  }

  /** Every answer that visitors saw, by device, over all power cuts. */
  get answers(): ReadonlyMap<string, readonly (ScanAnswer | null)[]> {
    const lit = this.#kiosks.map(({ device, answers }) => [device, [...this.#earlier(device), ...answers]] as const);
    return new Map(lit);
  }

  /** Adds what a copy of a device answered: visitors saw it too. */
  noteAnswers(device: string, answers: readonly (ScanAnswer | null)[]): void {
    this.#answers.set(device, [...this.#earlier(device), ...answers]);
  }

  /** Folder of a kiosk's card. */
  cardOf(door: number): string {
    return (this.#specs[door] as VirtualKioskSpec).folder;
  }

  /** Cuts the way from the gateway to the engine, or mends it. */
  setEngineWay(isUp: boolean): void {
    this.#way.isUp = isUp;
  }

  /** Cuts a door off from the gateway, or lets it come back. */
  setLink(door: number, isUp: boolean): Promise<void> {
    return this.network.setLink((this.#specs[door] as VirtualKioskSpec).bundle.settings.device, isUp);
  }

  /** Takes the power from a kiosk at this instant: what its card holds now is all that is left. */
  async cutPower(door: number): Promise<void> {
    const kiosk = this.#kiosks[door] as VirtualKiosk;
    const ledger = join((this.#specs[door] as VirtualKioskSpec).folder, "ledger");
    const card = `${ledger}-at-cut`;
    this.#dark.add(door);
    kiosk.losePower();
    await this.setLink(door, false);
    await cp(ledger, card, { recursive: true, filter: (path) => !path.endsWith("-shm") }); // shared memory is not on the card
    await kiosk.close(); // what it still wrote goes with its folder
    await rm(ledger, { recursive: true });
    await rename(card, ledger);
    this.noteAnswers(kiosk.device, kiosk.answers);
  }

  /** Switches a kiosk on again: a new boot over the card as it was. */
  async restorePower(door: number): Promise<void> {
    const spec = this.#specs[door] as VirtualKioskSpec;
    this.#boots += 1;
    await this.setLink(door, true);
    this.#kiosks[door] = await VirtualKiosk.open({ ...spec, rng: spec.rng.fork(`boot ${this.#boots}`) });
    this.#dark.delete(door);
  }

  /**
   * Resolves when nothing is on the network, and every kiosk that is online has what it can get: receipts from the engine, or from the
   * gateway only while that waits for the engine.
   *
   * @throws Error naming the devices that do not come to rest
   */
  async settle(): Promise<void> {
    const started = performance.now();
    for (let calm = 0; calm < CALM_TURNS; ) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      const isCalm = this.network.underWay === 0 && !this.#lit().some((kiosk) => this.#isRestless(kiosk));
      calm = isCalm ? calm + 1 : 0;
      const waitedMs = performance.now() - started;
      if (waitedMs > COPY_PATIENCE_MS) this.#giveUpOnCopies();
      if (waitedMs > NEVER_MS) throw new Error(`no rest: ${this.#restless().join(", ") || "messages under way"}`);
    }
  }

  /** Waits no longer for copies that want nothing but the engine's receipts, until they write again. */
  #giveUpOnCopies(): void {
    for (const copy of this.#copies) if (copy.isAtRest(true)) this.#stale.set(copy, copy.place);
  }

  #restless(): readonly string[] {
    return this.#lit()
      .filter((kiosk) => this.#isRestless(kiosk))
      .map(({ device }) => device);
  }

  #lit(): readonly VirtualKiosk[] {
    return [...this.#kiosks.filter((_, door) => !this.#dark.has(door)), ...this.#copies];
  }

  #isRestless(kiosk: VirtualKiosk): boolean {
    if (kiosk.isAtRest(this.#way.isAwaited)) return false;
    const isStale = this.#stale.get(kiosk) === kiosk.place && kiosk.isAtRest(true);
    return !isStale;
  }

  /** Counts and alarms of the gateway. */
  async gatewayCounters(): Promise<Readonly<Record<string, number>>> {
    return (await this.#gateway.status()).counters;
  }

  /** What the gateway wants of its kiosks. */
  get fleet(): Gateway["fleet"] {
    return this.#gateway.fleet;
  }

  /** Revokes a door's kiosk as stolen: the gateway cuts it off, and the engine takes no more of it. */
  async revoke(door: number): Promise<void> {
    const { device } = (this.#specs[door] as VirtualKioskSpec).bundle.settings;
    await this.#registry.revoke(device, this.#now(), "stolen");
  }

  /** Opens a second kiosk with the identity of a door, over a copy of its ledger: what a cloned card is. The caller closes it. */
  async openCopy(door: number, folder: string): Promise<VirtualKiosk> {
    const spec = this.#specs[door] as VirtualKioskSpec;
    const copy = await VirtualKiosk.open({ ...spec, folder, rng: spec.rng.fork("copy") });
    this.#copies.push(copy);
    return copy;
  }

  #earlier(device: string): readonly (ScanAnswer | null)[] {
    return this.#answers.get(device) ?? [];
  }

  async close(): Promise<void> {
    for (const [door, kiosk] of this.#kiosks.entries()) if (!this.#dark.has(door)) await kiosk.close();
    await this.#gateway.close();
    await this.#registry.close();
  }
}
