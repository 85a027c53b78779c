import { join } from "node:path";
import { onTestFinished } from "vitest";
import {
  addDevice,
  createGateway,
  type DeviceBroker,
  type DeviceBundle,
  type EngineClient,
  type Gateway,
  loadGatewayConfig,
  SiteRegistry,
} from "../../gateway/app.ts";
import { AedesBroker } from "../../gateway/broker/aedes-broker.ts";
import { chainPem } from "../../gateway/registry/device-bundle.ts";
import { parseDeviceId, parseVenueId } from "../../protocol/ids.ts";
import type { WallMs } from "../../protocol/units.ts";
import { type RootLogger, silentLogger } from "../../runtime/log.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import { systemTimers } from "../../runtime/timers.ts";
import { makeAuthority, makeDevice, type TestDevice } from "./batches.ts";
import { makeSite, type TestSite } from "./gateway-site.ts";
import { tempFolder } from "./temp.ts";

/** A gateway over real aedes (TLS and loopback) and real SQLite, in this process. */
export interface GatewayRig {
  readonly site: TestSite;
  readonly folder: string;
  readonly gateway: Gateway;
  readonly registry: SiteRegistry;
  readonly tlsPort: number;
  readonly plainPort: number;
  /** Registers a device. */
  add(name: string): Promise<DeviceBundle>;
}

/** Opens a gateway of a site; it is closed when the test ends. */
export async function openGatewayRig(parts: {
  readonly engine: EngineClient;
  readonly site: TestSite;
  readonly folder?: string;
  readonly flags?: readonly string[];
  /** Default: nowhere. */
  readonly log?: RootLogger;
  /** Default: as the settings say. */
  readonly uncertaintyMs?: () => number | null;
}): Promise<GatewayRig> {
  const { site, folder = tempFolder() } = parts;
  const { identity } = site;
  const config = loadGatewayConfig({ env: {}, flags: [`dataDir=${folder}`, ...(parts.flags ?? [])] });
  const registry = await SiteRegistry.open(join(folder, "registry.db"));
  const siteAuthority = identity.authority.certificatePem;
  const now = (): WallMs => Date.now() as WallMs;
  const broker = new AedesBroker({
    site: identity.site,
    tls: {
      host: "127.0.0.1",
      port: 0,
      key: identity.gateway.privateKeyPem,
      cert: chainPem(identity.gateway.certificatePem, siteAuthority),
      siteAuthorities: [siteAuthority],
      root: identity.trust.root,
    },
    plainPort: 0,
    limits: { ...config.mqtt, maxWillBytes: 1_024 },
    timers: systemTimers,
    nowMs: now,
  });
  const gateway = await createGateway({
    config,
    identity,
    registry,
    broker,
    engine: parts.engine,
    crypto: nodeCrypto,
    now,
    ...(parts.uncertaintyMs && { uncertaintyMs: parts.uncertaintyMs }),
    timers: systemTimers,
    random: Math.random,
    log: parts.log ?? silentLogger,
  });
  onTestFinished(async () => {
    await gateway.close();
    await registry.close();
  });
  const add = (name: string): Promise<DeviceBundle> =>
    addDevice(
      { identity, registry, nowMs: now() },
      {
        device: parseDeviceId(name),
        venue: parseVenueId("7k3m9q2x"),
        venueName: "School",
        gate: 1,
        gatewayHost: "127.0.0.1",
        gatewayPort: broker.ports.tls ?? 1,
      },
    );
  const [tlsPort, plainPort] = [broker.ports.tls ?? 0, broker.ports.plain ?? 0];
  return { site, folder, gateway, registry, tlsPort, plainPort, add };
}

/** Opens a gateway in `folder` at a broker that is somebody else's; it is closed when the test ends. */
export async function openGatewayAt(
  folder: string,
  { site, broker, engine }: { readonly site: TestSite; readonly broker: DeviceBroker; readonly engine: EngineClient },
): Promise<Gateway> {
  const registry = await SiteRegistry.open(join(folder, "registry.db"));
  const gateway = await createGateway({
    config: loadGatewayConfig({ env: {}, flags: [`dataDir=${folder}`, "engine.backoffMaxMs=500"] }),
    identity: site.identity,
    registry,
    broker,
    engine,
    crypto: nodeCrypto,
    now: () => Date.now() as WallMs,
    timers: systemTimers,
    random: Math.random,
    log: silentLogger,
  });
  onTestFinished(async () => {
    await gateway.close();
    await registry.close();
  });
  return gateway;
}

/** A maker of batches for a device of a test site. */
export async function doorOf(site: TestSite, name: string): Promise<TestDevice> {
  const authority = await makeAuthority({ root: site.root });
  return makeDevice(authority, { site: site.identity.site, device: name });
}

export { makeSite };
