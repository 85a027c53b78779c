import { join } from "node:path";
import { AUTHORITY_PATH } from "../protocol/http/enrolment.ts";
import type { WallMs } from "../protocol/units.ts";
import { diskCheck, diskOf } from "../runtime/disk-check.ts";
import { announceReady, type Running } from "../runtime/lifecycle.ts";
import { systemProbe } from "../runtime/linux-time-sync.ts";
import { createLogger, type LogLevel } from "../runtime/log.ts";
import { nodeCrypto } from "../runtime/node-crypto.ts";
import { systemTimers } from "../runtime/timers.ts";
import { announce } from "./announce/bonjour-service.ts";
import { createGateway } from "./app.ts";
import { AedesBroker } from "./broker/aedes-broker.ts";
import { createExternalBroker } from "./broker/external/settings.ts";
import type { GatewayConfig } from "./config.ts";
import type { EngineTlsIdentity } from "./delivery/engine-https.ts";
import { HttpEngineClient } from "./delivery/http-engine-client.ts";
import { EnrolDesk } from "./enrol/enrol-desk.ts";
import { FleetFront } from "./page/fleet-front.ts";
import { chainPem } from "./registry/device-bundle.ts";
import type { GatewayIdentity } from "./registry/identity.ts";
import { LiveIdentity } from "./registry/live-identity.ts";
import { SiteRegistry } from "./registry/site-registry.ts";
import { startStatusServer } from "./status/http.ts";
import { addStickRoutes } from "./status/stick-routes.ts";
import { ClockWatch } from "./time/clock-watch.ts";

const MAX_WILL_BYTES = 1_024;

/**
 * Composes a gateway from the real adapters, starts it and says so on standard output.
 *
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
  const clock = await ClockWatch.open({
    ...clocks,
    settings: config.time,
    probe: systemProbe,
    log: log.child("clock"),
  });
  const identity = await LiveIdentity.open(config.dataDir, {
    bundleFolder,
    nowMs: now(),
    isClockSure: () => clock.isKept,
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
  const ports = { mqtt: embedded?.ports.tls ?? externalPort(config), http: 0 };
  const enrol = await EnrolDesk.open({
    ...{ ...clocks, ...config.enrol, crypto: nodeCrypto, identity, registry, log: log.child("enrol") },
    host: config.http.host,
    ports: () => ports,
    renewed: () => embedded?.useCertificate(tlsOf(identity)),
  });
  const certificatePem = (): string => identity.gateway.certificatePem;
  const looks = { gateway, registry, dataDir: config.dataDir, certificatePem, nowMs: now };
  const page = await FleetFront.open({ ...looks, identity, httpPort: () => ports.http, log: log.child("page") });
  const http = await startStatusServer({
    ...looks,
    ...config.http,
    tls: page.tls,
    log: log.child("http"),
    more: async (app) => {
      app.get(AUTHORITY_PATH, () => enrol.authority());
      await page.add(app);
      await addStickRoutes(app, gateway.stick);
    },
  });
  ports.http = http.port;
  announceReady("gateway", {
    site: identity.site,
    mqttPort: embedded?.ports.tls ?? 0,
    plainPort: embedded?.ports.plain ?? 0,
    httpPort: http.port,
    enrolPort: enrol.port,
  });
  say(await page.welcome(http.port));
  const found = { site: identity.site, httpPort: http.port, mqttPort: ports.mqtt };
  const isFindable = config.http.announce && !/^(127\.|::1$|localhost$)/.test(config.http.host);
  const hide = isFindable ? await announce(found, log.child("announce")) : null;
  return {
    check: diskCheck(diskOf(config.dataDir), () => performance.now()),
    close: async () => {
      await hide?.();
      await http.close();
      await enrol.close();
      await gateway.close();
      await registry.close();
      clock.close();
    },
  };
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
      siteAuthority: identity.authority.certificatePem,
      root: identity.trust.root,
    },
    plainPort: mqtt.plainLoopbackPort === 0 ? null : mqtt.plainLoopbackPort,
    limits: { ...mqtt, maxWillBytes: MAX_WILL_BYTES },
    timers: systemTimers,
    nowMs: () => performance.now(),
  });
}
