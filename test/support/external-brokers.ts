import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { accessRules, BROKER_FILES, type BrokerKind, workerName } from "../../gateway/broker/external/access-rules.ts";
import { BatchProof } from "../../gateway/broker/external/batch-proof.ts";
import { MqttBroker, type MqttBrokerOptions } from "../../gateway/broker/external/mqtt-broker.ts";
import type { LinkTls } from "../../gateway/broker/external/mqtt-link.ts";
import { chainPem } from "../../gateway/registry/device-bundle.ts";
import { type DeviceId, parseDeviceId } from "../../protocol/ids.ts";
import type { WallMs } from "../../protocol/units.ts";
import { silentLogger } from "../../runtime/log.ts";
import { createLeaf, gatewayName } from "../../runtime/pki/authority.ts";
import { systemTimers } from "../../runtime/timers.ts";
import type { TestSite } from "./gateway-site.ts";
import { mosquittoProgram, NO_MOSQUITTO, programOf, startMosquitto } from "./mosquitto.ts";
import { NO_NATS, startNats } from "./nats.ts";
import type { Part } from "./part.ts";
import { freePort } from "./ports.ts";

/** A broker with our access rules on a loopback port. */
export interface ExternalBroker {
  readonly port: number;
  readonly process: Part;
  restart(): Promise<void>;
}

/** Why tests over this broker are skipped on this machine, in brackets for their title; empty when they are not. */
export function missing(kind: BrokerKind): string {
  if (kind === "mosquitto") return mosquittoProgram() === null ? `(${NO_MOSQUITTO})` : "";
  return programOf("nats-server") === null ? `(${NO_NATS})` : "";
}

/**
 * Starts mosquitto or NATS with exactly the files that `gateway broker-config` writes.
 *
 * @param change what the operator did to the main file
 */
export async function startExternal(
  kind: BrokerKind,
  site: TestSite,
  folder: string,
  change: (main: string) => string = (main) => main,
): Promise<ExternalBroker> {
  const { identity } = site;
  const certificates = join(folder, "bluepost");
  mkdirSync(certificates, { recursive: true });
  const own = await createLeaf(identity.authority, {
    name: gatewayName(identity.site),
    role: "server",
    nowMs: Date.now(),
  });
  const put = (name: string, text: string): void => writeFileSync(join(certificates, name), text);
  put(BROKER_FILES.authority, chainPem(identity.trust.root, identity.authority.certificatePem));
  put(BROKER_FILES.certificate, chainPem(own.certificatePem, identity.authority.certificatePem));
  put(BROKER_FILES.key, own.privateKeyPem);
  const port = await freePort();
  const rules = accessRules(kind, {
    site: identity.site,
    devices: ["door-a", "door-b"].map(parseDeviceId),
    workers: ["1", "2"],
    folder: certificates,
    host: "127.0.0.1",
    port,
  });
  for (const [name, text] of Object.entries(rules)) put(name, text);
  const main = kind === "mosquitto" ? rules["bluepost.conf"] : `include "bluepost/bluepost-nats.conf"`;
  const start = kind === "mosquitto" ? startMosquitto : startNats;
  const broker = await start({ folder, port, rules: change(main ?? "") });
  if (!broker) throw new Error(missing(kind));
  return broker;
}

/** A worker of the site's gateway at that broker. */
export function externalWorker(
  site: TestSite,
  port: number,
  change: Partial<MqttBrokerOptions> & {
    readonly worker?: string;
    readonly protocol?: MqttBrokerOptions["link"]["protocol"];
  } = {},
): MqttBroker {
  const { identity } = site;
  const { worker = "1", protocol = "auto", ...rest } = change;
  const proof = new BatchProof(identity.site, identity.trust.root);
  const options: MqttBrokerOptions = {
    site: identity.site,
    group: null,
    limits: { maxPacketBytes: 131_072, publishPerSecond: 100, publishBurst: 1_000 },
    isBy: (device: DeviceId, message) => proof.isBy(device, message),
    timers: systemTimers,
    nowMs: () => performance.now(),
    log: silentLogger,
    link: {
      url: `mqtts://127.0.0.1:${port}`,
      clientId: workerName(identity.site, worker),
      keepsSession: (rest.group ?? null) === null,
      protocol,
      tls: () => workerTls(site, worker),
      login: null,
      maxPacketBytes: 131_072,
      connectTimeoutMs: 5_000,
      timers: systemTimers,
      random: () => 0.1,
      log: silentLogger,
    },
    ...rest,
  };
  return new MqttBroker(options);
}

async function workerTls({ identity }: TestSite, worker: string): Promise<LinkTls> {
  const name = workerName(identity.site, worker);
  const own = await createLeaf(identity.authority, { name, role: "client", nowMs: Date.now() as WallMs });
  return {
    ca: identity.trust.root,
    cert: chainPem(own.certificatePem, identity.authority.certificatePem),
    key: own.privateKeyPem,
    serverName: gatewayName(identity.site),
  };
}
