import { existsSync } from "node:fs";
import { join } from "node:path";
import type { WallMs } from "../protocol/units.ts";
import { diskCheck, diskOf, storeCheck } from "../runtime/disk-check.ts";
import { announceReady, type Running } from "../runtime/lifecycle.ts";
import { systemProbe } from "../runtime/linux-time-sync.ts";
import { createLogger, type Logger, type LogLevel } from "../runtime/log.ts";
import { nodeCrypto } from "../runtime/node-crypto.ts";
import { systemTimers } from "../runtime/timers.ts";
import { createGateway } from "./app.ts";
import { AedesBroker } from "./broker/aedes-broker.ts";
import { createExternalBroker } from "./broker/external/settings.ts";
import { type GatewayConfig, isFurtherWorker } from "./config.ts";
import type { EngineTlsIdentity } from "./delivery/engine-https.ts";
import { HttpEngineClient } from "./delivery/http-engine-client.ts";
import { openFrontDesk } from "./front-desk.ts";
import { finishInstalling, installBundle } from "./registry/bundle-renewal.ts";
import { chainPem } from "./registry/device-bundle.ts";
import type { GatewayIdentity } from "./registry/identity.ts";
import { LiveIdentity } from "./registry/live-identity.ts";
import { SiteRegistry } from "./registry/site-registry.ts";
import { requireSharedFolder } from "./spool/spool-file.ts";
import { startStatusServer } from "./status/http.ts";
import { ClockWatch } from "./time/clock-watch.ts";

const MAX_WILL_BYTES = 1_024;

/**
 * Composes a gateway from the real adapters, starts it and says so on standard output.
 *
 * @throws {WorkerFolderError} GW_WORKER_FOLDER when a further worker was given a folder of its own
 * @param say shows lines to whoever started it: where the fleet page is, and the code for its first operator
 */
export async function startGateway(
  config: GatewayConfig,
  bundleFolder?: string,
  say: (lines: readonly string[]) => void = () => {},
): Promise<Running> {
  const now = (): WallMs => Date.now() as WallMs;
  const clocks = { now, nowMs: () => performance.now(), timers: systemTimers, random: Math.random };
  const log = createLogger({ part: "gateway", level: config.log.level as LogLevel });
  requireSharedFolder(config);
  const clock = await ClockWatch.open({
    ...clocks,
    settings: config.time,
    probe: systemProbe,
    log: log.child("clock"),
  });
  const identity = await openIdentity({
    ...{ config, bundleFolder, nowMs: now(), isClockSure: () => clock.isKept },
    log: log.child("identity"),
  });
  const registry = await SiteRegistry.open(join(config.dataDir, "registry.db"));
  const embedded = config.broker.url === "" ? createBroker(config, identity) : null;
  const broker = embedded ?? (await createExternalBroker({ ...clocks, config, identity, log: log.child("broker") }));
  const asClient = (): EngineTlsIdentity => ({ ...tlsOf(identity), ca: identity.trust.root });
  const { url, timeoutMs } = config.engine;
  const engine = new HttpEngineClient({ url, timeoutMs, identity: asClient });
  const gateway = await createGateway({
    config,
    identity,
    registry,
    broker,
    engine,
    crypto: nodeCrypto,
    now,
    uncertaintyMs: () => (now() < identity.earliestMs ? null : clock.uncertaintyMs),
    timers: systemTimers,
    random: Math.random,
    log,
  });
  const desk = await openFrontDesk({
    ...{ ...clocks, config, identity, registry, gateway, log },
    mqttPort: embedded?.ports.tls ?? externalPort(config),
    renewed: () => embedded?.useCertificate(tlsOf(identity)),
  });
  const http = await startStatusServer({
    ...{ ...config.http, gateway, registry, dataDir: config.dataDir, nowMs: now, log: log.child("http") },
    certificatePem: () => identity.gateway.certificatePem,
    ...(desk.tls && { tls: desk.tls }),
    more: (app) => desk.add(app),
  });
  const lines = await desk.open(http.port);
  announceReady("gateway", {
    site: identity.site,
    mqttPort: embedded?.ports.tls ?? 0,
    plainPort: embedded?.ports.plain ?? 0,
    httpPort: http.port,
    enrolPort: desk.enrolPort,
  });
  say(lines);
  return {
    check: storeCheck(
      () => gateway.probe(),
      diskCheck(diskOf(config.dataDir), () => performance.now()),
    ),
    close: async () => {
      await http.close();
      await desk.close();
      await gateway.close();
      await registry.close();
      clock.close();
    },
  };
}

/** The first worker, or a gateway that is alone, makes and renews the site's identity; further ones read it. */
async function openIdentity(parts: {
  readonly config: GatewayConfig;
  readonly bundleFolder: string | undefined;
  readonly nowMs: WallMs;
  readonly isClockSure: () => boolean;
  readonly log: Logger;
}): Promise<LiveIdentity> {
  const { config, bundleFolder, nowMs, isClockSure, log } = parts;
  const { dataDir } = config;
  if (isFurtherWorker(config)) return LiveIdentity.follow(dataDir, nowMs);
  await finishInstalling(dataDir);
  if (bundleFolder !== undefined && existsSync(join(dataDir, "gateway.crt.pem"))) {
    const outcome = await installBundle(dataDir, bundleFolder, nowMs);
    if (outcome !== "same") log.warn(`bundle.${outcome}`, {});
  }
  return LiveIdentity.open(dataDir, { bundleFolder, nowMs, isClockSure });
}

/** Port of an external broker, which kiosks are to use. */
function externalPort({ broker }: GatewayConfig): number {
  const { port, protocol } = new URL(broker.url);
  return Number(port) || (protocol === "mqtts:" ? 8883 : 1883);
}

/** What the gateway's TLS servers show. */
function tlsOf({ gateway, authority }: GatewayIdentity): { readonly key: string; readonly cert: string } {
  return { key: gateway.privateKeyPem, cert: chainPem(gateway.certificatePem, authority.certificatePem) };
}

/** Makes the embedded broker. */
function createBroker({ mqtt }: GatewayConfig, identity: GatewayIdentity): AedesBroker {
  return new AedesBroker({
    site: identity.site,
    tls: {
      host: mqtt.host,
      port: mqtt.port,
      ...tlsOf(identity),
      siteAuthorities: [identity.authority.certificatePem, ...identity.earlierAuthorities],
      root: identity.trust.root,
    },
    plainPort: mqtt.plainLoopbackPort === 0 ? null : mqtt.plainLoopbackPort,
    limits: { ...mqtt, maxWillBytes: MAX_WILL_BYTES },
    timers: systemTimers,
    nowMs: () => performance.now(),
  });
}
