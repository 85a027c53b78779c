import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Engine } from "../../engine/app.ts";
import {
  addDevice,
  createGateway,
  createGatewayIdentity,
  type Gateway,
  loadGatewayConfig,
  type SiteBundle,
  SiteRegistry,
} from "../../gateway/app.ts";
import { type RootLogger, silentLogger } from "../../runtime/log.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import { MemoryNetwork } from "../network/memory-network.ts";
import type { Rng } from "../rng.ts";
import type { VirtualTime } from "../time/virtual-time.ts";
import type { DoorSpec } from "./door-spec.ts";
import { VirtualKiosk, type VirtualKioskSpec } from "./virtual-kiosk.ts";

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

/** The real gateway and the real kiosks of one site, in this process, over virtual hardware, network and time. */
export class VirtualSite {
  readonly kiosks: readonly VirtualKiosk[];
  readonly network: MemoryNetwork;
  readonly #gateway: Gateway;
  readonly #registry: SiteRegistry;
  readonly #specs: readonly VirtualKioskSpec[];

  private constructor(parts: {
    gateway: Gateway;
    registry: SiteRegistry;
    network: MemoryNetwork;
    kiosks: readonly VirtualKiosk[];
    specs: readonly VirtualKioskSpec[];
  }) {
    this.#gateway = parts.gateway;
    this.#registry = parts.registry;
    this.network = parts.network;
    this.kiosks = parts.kiosks;
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
    const gateway = await createGateway({
      config: loadGatewayConfig({ env: {}, flags: [`dataDir=${dataDir}`] }),
      identity,
      registry,
      broker: network.broker,
      engine: {
        postBatches: async (batches) => (await spec.engine.ingest(batches)).results,
        postRevocations: async (list) => void (await spec.engine.takeRevocations(list)),
      },
      crypto: nodeCrypto,
      now: () => time.wall(),
      timers: time,
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
    return new VirtualSite({ gateway, registry, network, kiosks, specs });
  }

  /** Resolves when nothing is on the network and no kiosk that is online waits for a receipt. */
  async settle(): Promise<void> {
    for (let calm = 0; calm < 2; ) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      calm = this.network.underWay === 0 && this.kiosks.every((kiosk) => kiosk.quiet) ? calm + 1 : 0;
    }
  }

  /** Counts and alarms of the gateway. */
  async gatewayCounters(): Promise<Readonly<Record<string, number>>> {
    return (await this.#gateway.status()).counters;
  }

  /** What the gateway wants of its kiosks. */
  get fleet(): Gateway["fleet"] {
    return this.#gateway.fleet;
  }

  /** Opens a second kiosk with the identity of a door, over a copy of its ledger: what a cloned card is. The caller closes it. */
  openCopy(door: number, folder: string): Promise<VirtualKiosk> {
    const spec = this.#specs[door] as VirtualKioskSpec;
    return VirtualKiosk.open({ ...spec, folder, rng: spec.rng.fork("copy") });
  }

  async close(): Promise<void> {
    for (const kiosk of this.kiosks) await kiosk.close();
    await this.#gateway.close();
    await this.#registry.close();
  }
}
