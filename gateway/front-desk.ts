import type { FastifyInstance } from "fastify";
import { AUTHORITY_PATH } from "../protocol/http/enrolment.ts";
import type { WallMs } from "../protocol/units.ts";
import { HOUR_MS } from "../protocol/units.ts";
import { faultFields, type RootLogger } from "../runtime/log.ts";
import { nodeCrypto } from "../runtime/node-crypto.ts";
import { every, type Timers } from "../runtime/timers.ts";
import { announce } from "./announce/bonjour-service.ts";
import { type GatewayConfig, isFurtherWorker } from "./config.ts";
import { EnrolDesk } from "./enrol/enrol-desk.ts";
import type { Gateway } from "./gateway.ts";
import { FleetFront } from "./page/fleet-front.ts";
import type { LiveIdentity } from "./registry/live-identity.ts";
import type { SiteRegistry } from "./registry/site-registry.ts";
import { addStickRoutes } from "./status/stick-routes.ts";

export interface FrontDeskDeps {
  readonly config: GatewayConfig;
  readonly identity: LiveIdentity;
  readonly registry: SiteRegistry;
  readonly gateway: Gateway;
  readonly now: () => WallMs;
  readonly timers: Timers;
  readonly log: RootLogger;
  /** Port that kiosks are to use for MQTT. */
  readonly mqttPort: number;
  /** Called when the gateway's certificate was renewed. */
  readonly renewed: () => void;
}

/** What people and new kiosks find at a gateway. */
export interface FrontDesk {
  /** Certificate and key of the pages; absent where there are none. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** 0 where nobody is enrolled. */
  readonly enrolPort: number;
  /** Adds what is served beside time and status. */
  add(app: FastifyInstance): Promise<void>;
  /** Begins, once the port is known. @returns lines for whoever started the gateway */
  open(httpPort: number): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** Makes the desk of the first worker, or of a gateway that is alone; a further worker has an empty one. */
export async function openFrontDesk(deps: FrontDeskDeps): Promise<FrontDesk> {
  return isFurtherWorker(deps.config) ? emptyDesk(deps) : siteDesk(deps);
}

/** Fleet page, enrolment, the USB stick's way in and the announcement: once a site. */
async function siteDesk(deps: FrontDeskDeps): Promise<FrontDesk> {
  const { config, identity, registry, gateway, now, timers, log, mqttPort, renewed } = deps;
  const ports = { mqtt: mqttPort, http: 0 };
  const enrol = await EnrolDesk.open({
    ...{ ...config.enrol, crypto: nodeCrypto, identity, registry, now, timers, log: log.child("enrol"), renewed },
    host: config.http.host,
    ports: () => ports,
  });
  const page = await FleetFront.open({
    ...{ gateway, registry, identity, dataDir: config.dataDir, nowMs: now, log: log.child("page") },
    certificatePem: () => identity.gateway.certificatePem,
    httpPort: () => ports.http,
  });
  let hide: (() => Promise<void>) | null = null;
  return {
    tls: page.tls,
    enrolPort: enrol.port,
    add: async (app) => {
      app.get(AUTHORITY_PATH, () => enrol.authority());
      await page.add(app);
      await addStickRoutes(app, gateway.stick);
    },
    open: async (httpPort) => {
      ports.http = httpPort;
      const isFindable = config.http.announce && !/^(127\.|::1$|localhost$)/.test(config.http.host);
      if (isFindable) hide = await announce({ site: identity.site, httpPort, mqttPort }, log.child("announce"));
      return page.welcome(httpPort);
    },
    close: async () => {
      await hide?.();
      await enrol.close();
    },
  };
}

/** A further worker shows and enrols nobody; each hour it reads the certificate that the first one may have renewed. */
function emptyDesk({ identity, timers, now, log }: FrontDeskDeps): FrontDesk {
  const stop = every(timers, HOUR_MS, () => {
    identity
      .reload(now())
      .catch((fault: unknown) => log.child("gateway").error("identity.not_read", faultFields(fault)));
  });
  return {
    enrolPort: 0,
    add: () => Promise.resolve(),
    open: () => Promise.resolve([]),
    close: async () => stop(),
  };
}
