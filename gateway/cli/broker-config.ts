import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import type { WallMs } from "../../protocol/units.ts";
import { integer } from "../../runtime/cli/frame.ts";
import { createLeaf, gatewayName } from "../../runtime/pki/authority.ts";
import { accessRules, BROKER_FILES, BROKER_KINDS, type BrokerKind } from "../broker/external/access-rules.ts";
import { chainPem } from "../registry/device-bundle.ts";
import type { GatewayIdentity } from "../registry/identity.ts";
import { openIdentityFiles, writeSafely } from "../registry/identity-files.ts";
import { SiteRegistry } from "../registry/site-registry.ts";
import { argument, type CommonFlags, configOf, guarded, print, withConfig } from "./flags.ts";

interface ConfigFlags extends CommonFlags {
  readonly out: string;
  readonly port: number;
  readonly host: string;
  readonly workers: number;
  readonly siteBundle?: string;
}

const MAX_WORKERS = 64;
const KEY_MODE = 0o640;

/** Registers `broker-config`. */
export function registerBrokerConfig(program: Command): void {
  withConfig(program.command("broker-config"))
    .argument("<broker>", BROKER_KINDS.join(" or "), argument(parseKind, BROKER_KINDS.join(" or ")))
    .description("write access rules and a certificate for an external broker; again after each change of the kiosks")
    .requiredOption("--out <dir>", "folder that the broker reads them from")
    .option("--port <port>", "port that the broker listens on", integer(1, 65_535), 8883)
    .option("--host <address>", "address that it binds to", "0.0.0.0")
    .option("--workers <n>", "gateway processes that share the work", integer(1, MAX_WORKERS), 1)
    .option("--site-bundle <dir>", "site bundle from `engine keys site`, if the gateway has not started yet")
    .action(guarded(writeBrokerConfig));
}

async function writeBrokerConfig(kind: BrokerKind, flags: ConfigFlags): Promise<number> {
  const config = configOf(flags);
  const identity = await openIdentityFiles(config.dataDir, {
    bundleFolder: flags.siteBundle,
    nowMs: Date.now() as WallMs,
  });
  const folder = resolve(flags.out);
  await mkdir(folder, { recursive: true });
  const registry = await SiteRegistry.open(join(config.dataDir, "registry.db"));
  try {
    const live = (await registry.list()).filter(({ revokedAt }) => revokedAt === null).map(({ device }) => device);
    const workers = Array.from({ length: flags.workers }, (_, at) => String(at + 1));
    const plan = { site: identity.site, devices: live, workers, folder, host: flags.host, port: flags.port };
    const rules = accessRules(kind, plan);
    await writeCertificates(identity, folder);
    for (const [name, text] of Object.entries(rules)) await writeSafely(join(folder, name), text);
    const files = [...Object.keys(rules), ...Object.values(BROKER_FILES)];
    print(flags, { broker: kind, folder, files, devices: live.length, workers }, [
      `Wrote ${files.join(", ")} to ${folder}: ${live.length} kiosks, ${flags.workers} gateway processes.`,
      ...NEXT[kind].map((line) => line.replaceAll("DIR", folder)),
    ]);
    return 0;
  } finally {
    await registry.close();
  }
}

const NEXT: Readonly<Record<BrokerKind, readonly string[]>> = {
  mosquitto: [
    "Let mosquitto read broker.key: chgrp mosquitto DIR/broker.key",
    "Add to its configuration: include_dir DIR",
    "Then: systemctl restart mosquitto; after later runs of this command: systemctl reload mosquitto",
  ],
  nats: [
    "Let nats-server read broker.key: chgrp nats DIR/broker.key",
    'Add to its configuration, beside server_name and jetstream: include "DIR/bluepost-nats.conf"',
    "Then: systemctl restart nats-server; after later runs of this command: systemctl reload nats-server",
  ],
};

/** The broker takes the place of the gateway, so it serves under the gateway's name, with a key of its own. */
async function writeCertificates(identity: GatewayIdentity, folder: string): Promise<void> {
  const { authority, trust, site } = identity;
  const name = gatewayName(site);
  const own = await createLeaf(authority, { name, role: "server", nowMs: Date.now() });
  const put = (file: string, text: string, mode?: number): Promise<void> => writeSafely(join(folder, file), text, mode);
  await put(BROKER_FILES.authority, chainPem(trust.root, authority.certificatePem));
  await put(BROKER_FILES.key, own.privateKeyPem, KEY_MODE);
  await put(BROKER_FILES.certificate, chainPem(own.certificatePem, authority.certificatePem));
}

function parseKind(text: string): BrokerKind {
  const kind = BROKER_KINDS.find((known) => known === text);
  if (!kind) throw new RangeError(text);
  return kind;
}
