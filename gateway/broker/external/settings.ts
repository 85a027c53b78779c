import { readFile, stat } from "node:fs/promises";
import { BluepostError } from "../../../protocol/errors.ts";
import type { WallMs } from "../../../protocol/units.ts";
import type { Logger } from "../../../runtime/log.ts";
import { createLeaf, gatewayName } from "../../../runtime/pki/authority.ts";
import type { Timers } from "../../../runtime/timers.ts";
import type { GatewayConfig } from "../../config.ts";
import { chainPem } from "../../registry/device-bundle.ts";
import type { GatewayIdentity } from "../../registry/identity.ts";
import { workerName } from "./access-rules.ts";
import { BatchProof } from "./batch-proof.ts";
import { MqttBroker } from "./mqtt-broker.ts";
import type { LinkOptions, LinkTls } from "./mqtt-link.ts";
import { shareGroup } from "./share-group.ts";

/** A file that `broker.*` names cannot be read, or others may read the password in it; `details.setting` says which. */
export class BrokerFileError extends BluepostError {
  readonly code = "GW_BROKER_FILE";
  readonly recovery = "operator";
}

export interface ExternalParts {
  readonly config: GatewayConfig;
  readonly identity: GatewayIdentity;
  readonly timers: Timers;
  readonly random: () => number;
  readonly now: () => WallMs;
  /** Monotonic. */
  readonly nowMs: () => number;
  readonly log: Logger;
}

/** Makes the adapter for the broker that `broker.url` names. @throws {BrokerFileError} GW_BROKER_FILE */
export async function createExternalBroker(parts: ExternalParts): Promise<MqttBroker> {
  const { config, identity, timers, nowMs, log } = parts;
  const { broker, mqtt } = config;
  const proof = new BatchProof(identity.site, identity.trust.root);
  return new MqttBroker({
    site: identity.site,
    link: await linkOptions(parts),
    group: broker.group === "" ? null : shareGroup(identity, broker.group),
    limits: mqtt,
    isBy: (device, message) => proof.isBy(device, message),
    timers,
    nowMs,
    log,
  });
}

/** How to reach that broker, for the gateway and for `probe`. @throws {BrokerFileError} GW_BROKER_FILE */
async function linkOptions({ config, identity, timers, random, now, log }: ExternalParts): Promise<LinkOptions> {
  const { broker, mqtt } = config;
  await fixedTls(config); // a file that is missing must be said at once, not at every attempt
  return {
    url: broker.url,
    clientId: workerName(identity.site, broker.worker),
    protocol: broker.protocol as LinkOptions["protocol"],
    tls: () => tlsOf(config, identity, now()),
    login: await readLogin(broker.passwordFile),
    maxPacketBytes: mqtt.maxPacketBytes,
    connectTimeoutMs: mqtt.connectTimeoutMs,
    timers,
    random,
    log,
  };
}

/** Files where they are set; else the site's own trust, and a certificate made now, which therefore never runs out. */
async function tlsOf(config: GatewayConfig, identity: GatewayIdentity, nowMs: WallMs): Promise<LinkTls | null> {
  if (!config.broker.url.startsWith("mqtts:")) return null;
  const { ca, cert, key } = await fixedTls(config);
  const name = workerName(identity.site, config.broker.worker);
  const own = key === null ? await createLeaf(identity.authority, { name, role: "client", nowMs }) : null;
  return {
    ca: ca ?? identity.trust.root,
    serverName: ca === null ? gatewayName(identity.site) : new URL(config.broker.url).hostname,
    cert: own ? chainPem(own.certificatePem, identity.authority.certificatePem) : (cert ?? ""),
    key: own?.privateKeyPem ?? key ?? "",
  };
}

async function fixedTls({
  broker,
}: GatewayConfig): Promise<{ ca: string | null; cert: string | null; key: string | null }> {
  return {
    ca: await readSetting("caFile", broker.caFile),
    cert: await readSetting("certFile", broker.certFile),
    key: await readSetting("keyFile", broker.keyFile),
  };
}

async function readLogin(file: string): Promise<{ user: string; password: string } | null> {
  const text = await readSetting("passwordFile", file);
  if (text === null) return null;
  const { mode } = await stat(file);
  if ((mode & 0o077) !== 0)
    throw new BrokerFileError(`others may read ${file}: chmod 600 it`, { setting: "broker.passwordFile" });
  const [user = "", password = ""] = text.split(/\r?\n/);
  if (user === "" || password === "")
    throw new BrokerFileError(`${file} must have the user on its first line and the password on the second`, {
      setting: "broker.passwordFile",
    });
  return { user, password };
}

/** Null when the setting is empty. */
async function readSetting(name: string, file: string): Promise<string | null> {
  if (file === "") return null;
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new BrokerFileError(`cannot read ${file}`, { setting: `broker.${name}` }, { cause });
  }
}
