import { mkdir } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { type Command, Option } from "commander";
import { REVOCATION_REASONS, type RevocationReason } from "../../protocol/checkin/revocations.ts";
import { requireInteger } from "../../protocol/errors.ts";
import { type DeviceId, parseDeviceId, parseVenueId, type VenueId } from "../../protocol/ids.ts";
import type { WallMs } from "../../protocol/units.ts";
import { EXIT } from "../../runtime/lifecycle.ts";
import type { GatewayConfig } from "../config.ts";
import { addDevice, writeDeviceBundle } from "../registry/device-bundle.ts";
import { openIdentityFiles } from "../registry/identity-files.ts";
import { SiteRegistry } from "../registry/site-registry.ts";
import { argument, type CommonFlags, configOf, guarded, print, withConfig } from "./flags.ts";

interface AddFlags extends CommonFlags {
  readonly device: DeviceId;
  readonly venue: VenueId;
  readonly gate: number;
  readonly name: string;
  readonly out: string;
  readonly gatewayHost: string;
  readonly gatewayPort?: number;
  readonly siteBundle?: string;
}

interface RevokeFlags extends CommonFlags {
  readonly reason?: RevocationReason;
}

const MAX_VENUE_NAME = 200;

/** Registers `devices add`, `devices list` and `revoke`. */
export function registerDeviceCommands(program: Command): void {
  const devices = program.command("devices").description("kiosks of this site");
  withConfig(devices.command("add"))
    .description("make key, certificate and settings for a new kiosk")
    .requiredOption("--device <id>", "name of the kiosk", argument(parseDeviceId, "1 to 32 of a-z, 0-9 and -"))
    .requiredOption(
      "--venue <id>",
      "venue it stands at",
      argument(parseVenueId, "8 digits of Crockford base32, lower case"),
    )
    .requiredOption("--gate <n>", "number of the door", argument(parseGate, "0 to 255"))
    .requiredOption(
      "--name <text>",
      "name of the venue, shown on the screen",
      argument(parseName, "1 to 200 characters"),
    )
    .requiredOption("--out <dir>", "folder to write the bundle to")
    .option("--gateway-host <host>", "where the kiosk finds this gateway", hostname())
    .option("--gateway-port <port>", "and on which port; default: mqtt.port", argument(parsePort, "1 to 65535"))
    .option("--site-bundle <dir>", "site bundle from `engine keys site`, if the gateway has not started yet")
    .action(guarded(add));
  withConfig(devices.command("list")).description("list them").action(guarded(list));
  withConfig(program.command("revoke <device>"))
    .description("take a kiosk's right to connect for good; a running gateway cuts its session within two seconds")
    .addOption(new Option("--reason <reason>", "stands in the list that the engine gets").choices(REVOCATION_REASONS))
    .action(guarded(revoke));
}

async function add(flags: AddFlags): Promise<number> {
  const config = configOf(flags);
  const nowMs = Date.now() as WallMs;
  const identity = await openIdentityFiles(config.dataDir, { bundleFolder: flags.siteBundle, nowMs });
  return withRegistry(config, async (registry) => {
    const { device, venue, gate } = flags;
    const gatewayPort = flags.gatewayPort ?? config.mqtt.port;
    const plan = {
      device,
      venue,
      gate,
      venueName: flags.name,
      gatewayHost: flags.gatewayHost,
      gatewayPort,
      ...(config.http.port > 0 && { gatewayHttpPort: config.http.port }),
    };
    const bundle = await addDevice({ identity, registry, nowMs }, plan);
    await writeDeviceBundle(flags.out, bundle);
    print(flags, { device, out: flags.out, settings: bundle.settings }, [
      `${device} is now a kiosk of ${identity.site}. Its bundle is in ${flags.out}.`,
      "It holds the kiosk's private key: move it to the kiosk and delete it here.",
    ]);
    return EXIT.ok;
  });
}

async function list(flags: CommonFlags): Promise<number> {
  return withRegistry(configOf(flags), async (registry) => {
    const devices = await registry.list();
    const lines = devices.map(({ device, venue, gate, venueName, revokedAt }) =>
      [device.padEnd(33), venue, `gate ${gate}`.padEnd(9), revokedAt === null ? "" : "REVOKED", venueName].join(" "),
    );
    print(flags, { devices }, lines.length > 0 ? lines : ["No kiosk yet. Make one with: gateway devices add"]);
    return EXIT.ok;
  });
}

async function revoke(name: string, flags: RevokeFlags): Promise<number> {
  const device = parseDeviceId(name);
  return withRegistry(configOf(flags), async (registry) => {
    const { reason = "unspecified" } = flags;
    await registry.revoke(device, Date.now() as WallMs, reason);
    print(flags, { device, revoked: true, reason }, [`${device} is revoked (${reason}).`]);
    return EXIT.ok;
  });
}

async function withRegistry(config: GatewayConfig, run: (registry: SiteRegistry) => Promise<number>): Promise<number> {
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  const registry = await SiteRegistry.open(join(config.dataDir, "registry.db"));
  try {
    return await run(registry);
  } finally {
    await registry.close();
  }
}

function parseGate(text: string): number {
  return requireInteger("gate", Number(text), { min: 0, max: 255 });
}

function parsePort(text: string): number {
  return requireInteger("port", Number(text), { min: 1, max: 65_535 });
}

function parseName(text: string): string {
  requireInteger("length of the name", text.trim().length, { min: 1, max: MAX_VENUE_NAME });
  return text.trim();
}
