import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SiteRegistry } from "../../gateway/app.ts";
import { parseDeviceId, parseVenueId } from "../../protocol/ids.ts";
import type { WallMs } from "../../protocol/units.ts";
import type { TestSite } from "./gateway-site.ts";
import { connectPacket } from "./mqtt-wire.ts";
import { freePort } from "./ports.ts";
import { RawClient } from "./raw-mqtt.ts";
import { waitFor } from "./wait-for.ts";

/** Enters devices into the registry of a gateway that is about to start. */
export async function register(folder: string, names: readonly string[]): Promise<void> {
  const registry = await SiteRegistry.open(join(folder, "registry.db"));
  for (const name of names) {
    const place = { venue: parseVenueId("7k3m9q2x"), venueName: "School", gate: 1, fingerprint: "" };
    await registry.add({ ...place, device: parseDeviceId(name) }, Date.now() as WallMs);
  }
  await registry.close();
}

/** Arguments of a real gateway process in `folder`, with its loopback listener open and no engine in reach. */
export async function gatewayArgs(
  site: TestSite,
  folder: string,
  more: readonly string[] = [],
): Promise<{ args: string[]; port: number }> {
  const bundle = join(folder, "bundle");
  mkdirSync(bundle, { recursive: true });
  const { authority, trust } = site.identity;
  writeFileSync(join(bundle, "authority.crt.pem"), authority.certificatePem);
  writeFileSync(join(bundle, "authority.key.pem"), authority.privateKeyPem);
  writeFileSync(join(bundle, "trust.json"), JSON.stringify({ ...trust, gateway: "" }));
  const port = await freePort();
  const settings = [
    `dataDir=${folder}`,
    "log.level=error",
    "mqtt.host=127.0.0.1",
    "mqtt.port=0",
    `mqtt.plainLoopbackPort=${port}`,
    "mqtt.publishPerSecond=100000",
    "mqtt.publishBurst=100000",
    "engine.url=http://127.0.0.1:9",
    "http.host=127.0.0.1",
    "http.port=0",
    "time.trusted=true", // whatever keeps the clock of the machine that tests
    ...more,
  ];
  return { args: ["start", "--site-bundle", bundle, ...settings.flatMap((one) => ["--set", one])], port };
}

/** Connects a client of the loopback listener. */
export async function connected(port: number, device: string): Promise<RawClient> {
  const client = await RawClient.open(port);
  client.write(connectPacket({ clientId: device, username: "boot:0a0b0c0d", keepAliveSeconds: 60 }));
  await waitFor(() => client.connack === 0);
  return client;
}
