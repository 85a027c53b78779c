import { readFile, stat } from "node:fs/promises";
import { isIP } from "node:net";
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
  const { config, identity, timers, random, now, nowMs, log } = parts;
  const { broker, mqtt } = config;
  const proof = new BatchProof(identity.site, identity.trust.root);
  const access = await brokerAccess({ broker, identity, now });
  return new MqttBroker({
    site: identity.site,
    link: {
      url: broker.url,
      clientId: workerName(identity.site, broker.worker),
      keepsSession: broker.group === "", // else a worker that is gone would go on getting its share
      protocol: broker.protocol as LinkOptions["protocol"],
      tls: () => access.tls(broker.worker),
      login: access.login,
      maxPacketBytes: mqtt.maxPacketBytes,
      connectTimeoutMs: mqtt.connectTimeoutMs,
      timers,
      random,
      log,
    },
    group: broker.group === "" ? null : shareGroup(identity, broker.group),
    limits: mqtt,
    isBy: (device, message) => proof.isBy(device, message),
    timers,
    nowMs,
    log,
  });
}

/** How this site's processes prove to a broker who they are, and how they know it. */
export interface BrokerAccess {
  readonly login: LinkOptions["login"];
  /** Settings for the process of this name; null without TLS. */
  tls(worker: string): Promise<LinkTls | null>;
}

/**
 * Reads what `broker.*` names. Without files, TLS trusts the site's authority and the gateway's name, and shows a certificate that is
 * made for the connection, which therefore never runs out.
 *
 * @param parts.identity null when there is none yet: then a public authority has to vouch for the broker
 * @throws {BrokerFileError} GW_BROKER_FILE
 */
export async function brokerAccess(parts: {
  readonly broker: GatewayConfig["broker"];
  readonly identity: GatewayIdentity | null;
  readonly now: () => WallMs;
}): Promise<BrokerAccess> {
  const { broker, identity, now } = parts;
  const secure = broker.url.startsWith("mqtts:");
  if (secure) await readFiles(broker); // a file that is missing must be said at once, not at every attempt
  return {
    login: await readLogin(broker.passwordFile),
    tls: async (worker) => {
      if (!secure) return null;
      const { ca, cert, key } = await readFiles(broker);
      const trust = whomToTrust(broker.url, ca, identity);
      if (cert !== null && key !== null) return { ...trust, cert, key };
      return identity ? { ...trust, ...(await certificateFor(identity, worker, now())) } : trust;
    },
  };
}

function whomToTrust(url: string, ca: string | null, identity: GatewayIdentity | null): LinkTls {
  const { hostname } = new URL(url);
  const serverName = isIP(hostname.replace(/^\[|\]$/g, "")) === 0 ? hostname : ""; // TLS has no name for an address
  if (ca !== null) return { ca, serverName };
  return identity ? { ca: identity.trust.root, serverName: gatewayName(identity.site) } : { serverName };
}

async function certificateFor(
  { authority, site }: GatewayIdentity,
  worker: string,
  nowMs: WallMs,
): Promise<{ readonly cert: string; readonly key: string }> {
  const own = await createLeaf(authority, { name: workerName(site, worker), role: "client", nowMs });
  return { cert: chainPem(own.certificatePem, authority.certificatePem), key: own.privateKeyPem };
}

async function readFiles({ caFile, certFile, keyFile }: GatewayConfig["broker"]): Promise<{
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
}> {
  return {
    ca: await readSetting("caFile", caFile),
    cert: await readSetting("certFile", certFile),
    key: await readSetting("keyFile", keyFile),
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
