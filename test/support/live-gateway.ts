import { join } from "node:path";
import { onTestFinished } from "vitest";
import { loadGatewayConfig, SiteRegistry } from "../../gateway/app.ts";
import { type MadeClaim, makeClaim } from "../../gateway/enrol/setup-codes.ts";
import { startGateway } from "../../gateway/start.ts";
import { parseDeviceId, parseVenueId } from "../../protocol/ids.ts";
import type { WallMs } from "../../protocol/units.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import { gatewayArgs } from "./gateway-process.ts";
import type { TestSite } from "./gateway-site.ts";
import { freePorts } from "./ports.ts";
import { tempFolder } from "./temp.ts";

/** A whole gateway in this process, over its real adapters, with setup codes to be had. */
export interface LiveGateway {
  readonly folder: string;
  readonly httpPort: number;
  readonly mqttPort: number;
  readonly registry: SiteRegistry;
  /** Makes a setup code. @param device its name; null lets the kiosk's key name it */
  claim(device?: string | null, nowMs?: number): Promise<MadeClaim>;
}

/** Starts a gateway of a site; it is closed when the test ends. */
export async function startLiveGateway(site: TestSite, folder = tempFolder()): Promise<LiveGateway> {
  const [httpPort = 0, mqttPort = 0] = await freePorts(2);
  const { args } = await gatewayArgs(site, folder);
  const flags = [
    ...args.slice(3).filter((text) => text !== "--set"),
    `http.port=${httpPort}`,
    `mqtt.port=${mqttPort}`,
    "log.level=silent",
  ];
  const running = await startGateway(loadGatewayConfig({ env: {}, flags }), args[2]);
  const registry = await SiteRegistry.open(join(folder, "registry.db"));
  onTestFinished(async () => {
    await running.close();
    await registry.close();
  });
  const { identity } = site;
  const claim = (device: string | null = null, nowMs: number = Date.now()): Promise<MadeClaim> =>
    makeClaim(
      { crypto: nodeCrypto, identity, claims: registry.claims },
      {
        device: device === null ? null : parseDeviceId(device),
        venue: parseVenueId("7k3m9q2x"),
        venueName: "Trường học",
        gate: 2,
        host: "127.0.0.1",
        httpPort,
      },
      nowMs as WallMs,
    );
  return { folder, httpPort, mqttPort, registry, claim };
}
